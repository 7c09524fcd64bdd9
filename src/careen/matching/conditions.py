"""Whether what an advisory says of some builds is said of the installed one: architecture and repository."""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from careen.matching.records import Covered, Hit
from careen.matching.snapshot import Snapshot
from careen.model.inventory import Inventory
from careen.model.package import Package

_LONGEST = 7  # parts of a CPE
_WILDCARD = "%02"  # NIST IR 7695, 6.1.2
_ANY = frozenset({"", "noarch", "all"})  # architectures of builds that run everywhere
# Minor releases that are supported for longer. The id of a repository stands for those of all minor releases.
_STREAM = re.compile(
    r"cpe:/[ao]:redhat:(rhel|enterprise_linux)_(eus|aus|tus|e4s|els|eus_long_life)"
    r":(?P<release>[0-9]+(\.[0-9]+)?)(:.*)?"
)
_ASSUMED = "the image does not say from which repositories it was built: those of the release are assumed"


class Repositories(NamedTuple):
    """The CPEs of the repositories that an image was built from; empty = nobody knows."""

    cpes: tuple[str, ...]

    @classmethod
    def of(cls, inventory: Inventory, snapshot: Snapshot) -> "Repositories":
        named = (cpe for id_ in inventory.repositories for cpe in snapshot.cpes(id_))
        release = inventory.distro.version_id if inventory.distro else ""
        return cls(tuple(sorted(_of_minor(release, {*inventory.cpes, *named}))))

    def name(self, covered: Covered) -> bool:
        """Whether those of the distribution itself are among them, and not only those of layered products."""
        product, _ = _product(covered)
        return any(_parts(cpe)[2] == product or _STREAM.fullmatch(cpe) for cpe in self.cpes)

    def are_assumed(self, hits: Iterable[Hit], covered: Covered) -> bool:
        """Whether hits depend on repositories that nobody named."""
        return any(hit.repositories for hit in hits) and not self.name(covered)


def _of_minor(release: str, cpes: set[str]) -> set[str]:
    """Of the streams of several minor releases those of the image's own, if they are among them."""
    streams = {cpe: match["release"] for cpe in cpes if (match := _STREAM.fullmatch(cpe))}
    if release not in streams.values():
        return cpes
    return {cpe for cpe in cpes if streams.get(cpe, release) == release}


def applies(hit: Hit, package: Package, covered: Covered, repositories: Repositories) -> bool:
    if hit.arches and not _is_for(hit.arches, package.arch):
        return False
    return not hit.repositories or _is_from(hit.repositories, covered, repositories)


def _is_for(arches: Sequence[str], arch: str) -> bool:
    return arch in _ANY or arch in arches


@functools.lru_cache(10_000)
def _is_from(wanted: tuple[str, ...], covered: Covered, repositories: Repositories) -> bool:
    """Where the distribution's are not known, those of the release count, not its extra streams."""
    if any(_overlap(cpe, known) for cpe in wanted for known in repositories.cpes):
        return True
    product, release = _product(covered)
    assumed = not repositories.name(covered)
    return assumed and any(
        _parts(cpe)[2] == product and _is_release(release, _parts(cpe)[3]) for cpe in wanted
    )


def _product(covered: Covered) -> tuple[str, str]:
    """Product and version of `Red Hat:enterprise_linux:9`."""
    product, _, release = covered.name.partition(":")[2].partition(":")
    return product, release


@functools.lru_cache(100_000)
def _overlap(cpe: str, known: str) -> bool:
    """Whether one names the other's product, or a larger one that it is a part of.

    Red Hat's CPEs are beginnings of others: openshift:4 stands for openshift:4.13::el8, and a product without
    an edition for its repositories, be they of the kind "o" or "a" (quay/claircore, rhel/matcher.go).
    """
    return _is_within(_parts(cpe), _parts(known)) or _is_within(_parts(known), _parts(cpe))


def _is_within(larger: Sequence[str], own: Sequence[str]) -> bool:
    kind, vendor, product, release, *rest = larger
    if any(rest) and (kind, *rest) != (own[0], *own[4:]):
        return False
    return vendor == own[1] and _is_product(product, own[2]) and _is_release(release, own[3])


def _is_product(larger: str, product: str) -> bool:
    """A feed may name all of a family: rhel_*."""
    return larger == product or (larger.endswith("*") and product.startswith(larger[:-1]))


def _is_release(larger: str, release: str) -> bool:
    """9.4 is a release of 9, every one of "", and 4.13 one of 4.%02: so a URI writes the wildcard."""
    if larger.endswith(_WILDCARD):
        return release.startswith(larger.removesuffix(_WILDCARD))
    return larger in ("", release) or release.startswith(larger + ".")


@functools.lru_cache(10_000)
def _parts(cpe: str) -> tuple[str, ...]:
    """Kind, vendor, product, version, update, edition, language (CPE 2.2, 6.1); "" where it says nothing."""
    parts = cpe.removeprefix("cpe:/").split(":")[:_LONGEST]
    return (*parts, *[""] * (_LONGEST - len(parts)))


def remarks(hits: Iterable[Hit], covered: Covered, repositories: Repositories) -> list[str]:
    """What a person must know of how these hits were found."""
    found = list(hits)
    said = {hit.remark for hit in found if hit.remark}
    return sorted({*said, _ASSUMED} if repositories.are_assumed(found, covered) else said)

"""Whether what an advisory says of some builds is said of the installed one: architecture and repository."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from careen.matching.records import Covered, Hit
from careen.matching.snapshot import Snapshot
from careen.model.layer import Inventory
from careen.model.package import Package

_ANY = frozenset({"", "noarch", "all"})  # architectures of builds that run everywhere


@dataclass(frozen=True, slots=True)
class Repositories:
    """The CPEs of the repositories that an image was built from; empty = nobody knows."""

    cpes: tuple[str, ...]

    @classmethod
    def of(cls, inventory: Inventory, snapshot: Snapshot) -> "Repositories":
        named = (cpe for id_ in inventory.repositories for cpe in snapshot.cpes(id_))
        return cls(tuple(sorted({*inventory.cpes, *named})))


def applies(hit: Hit, package: Package, covered: Covered, repositories: Repositories) -> bool:
    return _is_for(hit.arches, package.arch) and _is_from(hit.repositories, covered, repositories)


def _is_for(arches: Sequence[str], arch: str) -> bool:
    return not arches or arch in _ANY or arch in arches


def _is_from(wanted: Sequence[str], covered: Covered, repositories: Repositories) -> bool:
    """Where the image's repositories are not known, those of the release count, not its extra streams."""
    if not wanted:
        return True
    if repositories.cpes:
        return any(_is_within(cpe, known) for cpe in wanted for known in repositories.cpes)
    product = covered.name.partition(":")[2].split(":")
    return any(_parts(cpe)[2:4] == product for cpe in wanted)


def _is_within(cpe: str, known: str) -> bool:
    """Whether the CPE names the repository's product, or a larger one that it is a part of (CPE 2.2, 6.1)."""
    parts = _parts(cpe)
    return all(part in ("", own) for part, own in zip(parts, _parts(known, len(parts)), strict=True))


@functools.lru_cache(10_000)
def _parts(cpe: str, count: int = 0) -> list[str]:
    """Vendor is the second; `count` fills up with empty parts, or cuts."""
    parts = cpe.removeprefix("cpe:/").rstrip(":").split(":")
    return (parts + [""] * count)[:count] if count else parts


def remarks(hits: Iterable[Hit], repositories: Repositories) -> list[str]:
    """What a person must know of how these hits were found."""
    found = list(hits)
    said = {hit.remark for hit in found if hit.remark}
    if any(hit.repositories for hit in found) and not repositories.cpes:
        said.add(
            "the image does not say from which repositories it was built: those of the release are assumed"
        )
    return sorted(said)

"""Repositories of rpm packages: their index (repomd.xml), and the errata in updateinfo.xml.

<updates><update type="security"><id>ALAS2-2021-1699</id><severity>low</severity>
  <references><reference type="cve" id="CVE-2021-22543" href="..."/></references>
  <pkglist><collection>
    <package name="kernel" epoch="0" version="4.14.243" release="185.433.amzn2" arch="x86_64"/>
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from careen.feeds._fields import InvalidRecord, identifier, problem, summary
from careen.feeds._xml import Element, records
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

_LARGEST_INDEX = 16 << 20  # bytes
_LIMIT = 1 << 30  # bytes, inflated; Amazon's have 40 MB
_HREF = re.compile(r"repodata/[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.xml(?:\.(?:gz|bz2))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?Z?)?")
_ALL_MACHINES = frozenset({"x86_64", "aarch64"})
_ANY = "noarch"
_SOURCE = "src"  # the architecture of packages that nobody installs

Fixes = Sequence[tuple[str, tuple[str, ...]]]  # a version, and the architectures of the builds that it fixes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository has its errata."""

    path: str  # below the repository's own URL
    sha256: str  # of the file as it is published; "" = not said


@dataclass(frozen=True, slots=True)
class Update:
    """An erratum."""

    id: str
    kind: str  # "security", "bugfix", "enhancement", "newpackage"
    title: str
    severity: str
    cves: tuple[str, ...]
    issued: str  # RFC 3339; "" = not said
    updated: str  # RFC 3339; "" = not said
    packages: tuple[tuple[str, Fixes], ...]
    page: str  # that the erratum itself refers to as its own; "" = none

    def affected(self, ecosystem: str) -> Iterator[Affected]:
        """What is before the fixes; a fix for all machines is for any architecture."""
        for name, fixes in self.packages:
            for fixed, arches in fixes:
                is_for_all = len(fixes) == 1 and (_ANY in arches or set(arches) >= _ALL_MACHINES)
                yield Affected(ecosystem, name, (Range(fixed=fixed),), arches=() if is_for_all else arches)

    def advisory(self, id_: str, affected: tuple[Affected, ...], link: str) -> Advisory:
        """For one of its CVEs, or for itself."""
        return Advisory(
            id=id_,
            affected=affected,
            aliases=(self.id,) if id_ != self.id else (),
            severity=self.severity,
            link=link,
            summary=self.title,
            published=self.issued,
            modified=self.updated,
        )


def place(index: BinaryIO) -> Place:
    """What repomd.xml says; raises InvalidDocument, and InvalidRecord where there are no errata.

    A path that leads out of the repository's own folder is no path.
    """
    for data in records(index, "repomd", ("data",), limit=_LARGEST_INDEX):
        if data.attributes.get("type") == "updateinfo":
            path = data.first("location").attributes.get("href", "")
            checksum = data.first("checksum")
            is_known = checksum.attributes.get("type") == "sha256" and _SHA256.fullmatch(checksum.text)
            if not _HREF.fullmatch(path):
                raise InvalidRecord(f"the errata are at {path[:200]!r}")
            return Place(path, checksum.text if is_known else "")
    raise InvalidRecord("a repository without errata")


def advisories(
    document: BinaryIO, ecosystem: Ecosystem, read: Callable[[Update], Iterable[Advisory]]
) -> Iterator[Ecosystem | Advisory | Problem]:
    """The ecosystem, as soon as there is an update, and what `read` makes of each; raises InvalidDocument."""
    for number, element in enumerate(records(document, "updates", ("update",), limit=_LIMIT), start=1):
        if number == 1:
            yield ecosystem
        try:
            update = _update(element)
        except InvalidRecord as error:
            yield problem(element.first("id").text or f"update {number}", error.message)
        else:
            yield from read(update)


def _update(element: Element) -> Update:
    """Raises InvalidRecord."""
    references = [each.attributes for each in element.all("references", "reference")]
    cves = (each.get("id", "") for each in references if each.get("type") == "cve")
    id_ = identifier(element.first("id").text, "the id")
    return Update(
        id=id_,
        kind=element.attributes.get("type", ""),
        title=summary(" ".join(element.first("title").text.split())),
        severity=element.first("severity").text,
        cves=tuple(dict.fromkeys(cve for cve in cves if _CVE.fullmatch(cve))),
        issued=_moment(element.first("issued")),
        updated=_moment(element.first("updated")),
        packages=tuple(_packages(element)),
        page=next((each.get("href", "") for each in references if each.get("id") == id_), ""),
    )


def _moment(element: Element) -> str:
    said = _MOMENT.fullmatch(element.attributes.get("date", "").strip())
    return f"{said[1]}T{said[2] or '00:00'}{said[3] or ':00'}Z" if said else ""


def _packages(element: Element) -> Iterator[tuple[str, Fixes]]:
    """Of several builds for one architecture the lowest fixes."""
    lowest: defaultdict[str, dict[str, str]] = defaultdict(dict)  # package -> architecture -> version
    for each in element.all("pkglist", "collection", "package"):
        arch = each.attributes.get("arch", "")
        if arch != _SOURCE:
            its = lowest[identifier(each.attributes.get("name"), "a package")]
            its[arch] = min(filter(None, (its.get(arch, ""), _version(each))), key=rpm.key)
    for name, its in sorted(lowest.items()):
        arches: defaultdict[str, list[str]] = defaultdict(list)
        for arch, version in sorted(its.items()):
            arches[version].append(arch)
        yield name, tuple((version, tuple(each)) for version, each in arches.items())


def _version(package: Element) -> str:
    epoch, version, release = (package.attributes.get(part, "") for part in ("epoch", "version", "release"))
    text = identifier(f"{epoch or '0'}:{version}-{release}", "a version")
    try:
        rpm.key(text)
    except InvalidVersion as error:
        raise InvalidRecord(error.message) from None
    return text

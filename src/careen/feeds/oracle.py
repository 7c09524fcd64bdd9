"""Oracle Linux' errata in OVAL (linux.oracle.com/security/oval): which builds fix which CVEs.

Of several builds that a definition names for one machine any that is older than one of them is affected, so
the highest counts: the criteria stand under OR. Builds that Ksplice patches at run time, and those validated
for FIPS 140, have a track of their own, which Oracle sets apart by an epoch (2, 10) above that of all others;
so their fixes begin with that epoch, and no other build is taken for one of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from careen.feeds._fields import InvalidRecord, identifier, problem, summary
from careen.feeds._oval import Build, Metadata, builds, definitions, metadata
from careen.feeds._xml import Element
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.package import modular
from careen.model.problem import Problem
from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

NAME = "oracle"
URL = "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2"

_LIMIT = 4 << 30  # bytes, inflated

# End of support but for what is paid extra (oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf).
_END_OF_LIFE = {
    "5": "2017-06-30",
    "6": "2021-03-31",
    "7": "2024-12-31",
    "8": "2029-07-31",
    "9": "2032-06-30",
    "10": "2035-06-30",
}
_PLATFORM = re.compile(r"Oracle Linux (\d+)")
_ERRATUM = re.compile(r"EL[A-Z]{2}-[0-9]{4}-[0-9]{3,}(?:-[0-9]+)?")
_OF_SECURITY = "ELSA-"
_LOWEST_OWN_EPOCH = 2  # of a track; openssl's ordinary builds have 1

_BUILT_IN_MODULE = ".module"  # in the release of a package that is part of a module

# A machine, and the architectures of packages that are installed on it.
_INSTALLED = {
    "x86_64": ("x86_64", "i386", "i686"),
    "i386": ("i386", "i586", "i686"),
}
_ALL_MACHINES = frozenset({"x86_64", "aarch64"})  # that Oracle publishes for


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((URL,), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG001 - one document only
    """Each release is declared where it is first spoken of."""
    declared: set[str] = set()
    for number, definition in enumerate(definitions(document, limit=_LIMIT), start=1):
        try:
            told = metadata(definition, "Oracle")
            id_, link = _erratum(told)
            affected, without_epoch = _affected(definition, told)
        except InvalidRecord as error:
            yield problem(definition.attributes.get("id", f"definition {number}"), error.message)
            continue
        ecosystems = {each.ecosystem for each in affected}
        yield from (_ecosystem(each) for each in sorted(ecosystems - declared))
        declared |= ecosystems
        for package in without_epoch:
            yield problem(id_, f"{package} has a track of builds that no epoch sets apart")
        yield from _advisories(id_, link, told, affected)
    if not declared:
        raise InvalidDocument("an OVAL document without a single definition for Oracle Linux")


def _ecosystem(name: str) -> Ecosystem:
    return Ecosystem(name, rpm.NAME, end_of_life=_END_OF_LIFE.get(name.partition(":")[2], ""))


def _erratum(told: Metadata) -> tuple[str, str]:
    """Its id and its page."""
    for source, id_, url in told.references:
        if source == "elsa" and _ERRATUM.fullmatch(id_):
            return id_, url if url.startswith(("https://", "http://")) else ""
    raise InvalidRecord("a definition that names no erratum")


def _advisories(id_: str, link: str, told: Metadata, affected: tuple[Affected, ...]) -> Iterator[Advisory]:
    """One for each CVE; an erratum of security that names none is a vulnerability by itself."""
    title = summary(told.title.removeprefix(f"{id_}:"))
    for cve, scores in dict(told.cves).items():
        yield Advisory(cve, affected, (id_,), scores, told.severity, link, title, told.issued)
    if not told.cves and id_.startswith(_OF_SECURITY):
        yield Advisory(id_, affected, (), (), told.severity, link, title, told.issued)


def _affected(definition: Element, told: Metadata) -> tuple[tuple[Affected, ...], Sequence[str]]:
    """And the packages of which a track cannot be told from other builds."""
    groups: defaultdict[tuple[str, str], list[Build]] = defaultdict(list)
    without_epoch = []
    for build in builds(definition):
        if build.track and _epoch(build.fixed) < _LOWEST_OWN_EPOCH:
            without_epoch.append(build.name)
            continue
        is_modular = build.module or _BUILT_IN_MODULE in build.fixed
        package = modular(build.name, build.module) if is_modular else build.name
        for release in [build.release] if build.release else _platforms(told):
            groups[release, package].append(build)
    affected = (each for (release, package), group in groups.items() for each in _of(release, package, group))
    return tuple(affected), sorted(set(without_epoch))


def _platforms(told: Metadata) -> Iterable[str]:
    named = (_PLATFORM.fullmatch(platform) for platform in told.platforms)
    return [platform[1] for platform in named if platform]


def _of(release: str, package: str, group: Iterable[Build]) -> Iterator[Affected]:
    """Machines with the same fixes share an entry."""
    by_machine: defaultdict[str, list[Build]] = defaultdict(list)
    for build in group:
        by_machine[build.machine].append(build)
    machines: defaultdict[tuple[Range, ...], set[str]] = defaultdict(set)
    for machine, its in by_machine.items():
        machines[tuple(_ranges(its))].add(machine)
    for ranges, names in machines.items():
        is_for_all = "" in names or (len(machines) == 1 and names >= _ALL_MACHINES)
        arches = () if is_for_all else _arches(names)
        yield Affected(f"Oracle Linux:{identifier(release, 'the release')}", package, ranges, arches=arches)


def _arches(machines: Iterable[str]) -> tuple[str, ...]:
    """What runs on any machine (noarch) need not be named."""
    return tuple(sorted({arch for name in machines for arch in _INSTALLED.get(name, (name,))}))


def _ranges(group: Sequence[Build]) -> Iterator[Range]:
    """The highest fix of each track."""
    tracks: defaultdict[str, list[str]] = defaultdict(list)
    for build in group:
        tracks[build.track].append(build.fixed)
    for track, fixes in sorted(tracks.items()):
        fixed = max(fixes, key=_key)
        yield Range(f"{_epoch(fixed)}:0" if track else "", fixed)


def _epoch(version: str) -> int:
    epoch, colon, _ = version.partition(":")
    return int(epoch) if colon and epoch.isascii() and epoch.isdigit() and len(epoch) < 10 else 0  # noqa: PLR2004 - an unsigned int


def _key(version: str) -> bytes:
    try:
        return rpm.key(version)
    except InvalidVersion as error:
        raise InvalidRecord(error.message) from None

"""What a VEX document of Red Hat's says for one release of RHEL, in as few statements as say all of it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from careen.feeds._redhat_builds import RHEL, Build
from careen.feeds._redhat_fixes import ranges
from careen.model.advisory import Affected, Range

_ANY = "noarch"
# A container has at most the headers of the kernel; what is said of it is kept for its source alone.
_KERNEL = re.compile(r"kernel(-rt|-alt|-aarch64|-automotive|-64k|-pegas)?")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one build."""

    build: Build
    severity: str = ""
    status: str = "affected"
    erratum: str = ""  # that brought the fix


@dataclass(frozen=True, slots=True)
class _Terms:
    """All of a statement but for the repositories."""

    package: str
    by_source: bool
    range: Range
    arches: tuple[str, ...]
    severity: str
    status: str
    errata: tuple[str, ...] = ()  # that brought the fix

    def affected(self, ecosystem: str, repositories: Iterable[str]) -> Affected:
        return Affected(
            ecosystem,
            self.package,
            (self.range,),
            by_source=self.by_source,
            severity=self.severity,
            status=self.status,
            arches=self.arches,
            repositories=tuple(sorted(repositories)),
        )


@dataclass(slots=True)
class Release:
    fixed: list[Said] = field(default_factory=list)
    open: list[Said] = field(default_factory=list)
    cleared: list[Said] = field(default_factory=list)

    def affected(self, ecosystem: str) -> Mapping[Sequence[str], Sequence[Affected]]:
        """By the errata that brought the fixes, in a fixed order."""
        statements: defaultdict[_Terms, set[str]] = defaultdict(set)
        for terms, repository in [*self._fixes(), *self._open(), *self._cleared()]:
            statements[terms].add(repository)
        by_errata: dict[Sequence[str], list[Affected]] = {}
        for terms in sorted(statements, key=repr):
            said = terms.affected(ecosystem, statements[terms])
            by_errata.setdefault(terms.errata, []).append(said)
        return by_errata

    def _fixes(self) -> Iterator[tuple[_Terms, str]]:
        by_place: defaultdict[tuple[str, bool, str], list[Said]] = defaultdict(list)
        for said, by_source in _matchable(self.fixed):
            by_place[said.build.package, by_source, said.build.lineage].append(said)
        for (package, by_source, _), group in by_place.items():
            cpes = {said.build.cpe for said in group}
            yield from ((terms, cpe) for terms in _fixed(package, by_source, group) for cpe in cpes)

    def _open(self) -> Iterator[tuple[_Terms, str]]:
        for said in self.open:
            own = said.build
            fixed = [each.build for each in self.fixed if each.build.package == own.package]
            if any(_is_part(each, own) for each in fixed):
                continue
            arches = (own.arch,) if own.arch not in ("", _ANY) else ()
            terms = _Terms(own.package, own.is_source, Range(), arches, said.severity, said.status)
            yield terms, own.cpe
            if own.is_whole and not any(each.is_of_stream for each in fixed):
                yield terms, own.streams

    def _cleared(self) -> Iterator[tuple[_Terms, str]]:
        """Only where it may be asked for; a source that is cleared must not clear an affected binary."""
        spoken = [said.build for said in (*self.fixed, *self.open)]
        sources = {(said.build.cpe, said.build.module) for said in self.cleared if said.build.is_source}
        for said in self.cleared:
            own = said.build
            rivals = [
                each for each in spoken if each.cpe == own.cpe or _is_part(each, own) or not own.is_whole
            ]
            if own.product != RHEL or (own.is_source and rivals):
                continue
            if any(each.package == own.package for each in rivals):
                continue
            if spoken or own.is_source or (own.cpe, own.module) not in sources:
                yield _Terms(own.package, own.is_source, Range(), (), "", "not_affected"), own.cpe


def _matchable(fixed: Sequence[Said]) -> Iterator[tuple[Said, bool]]:
    """Builds that an rpm database holds, each with whether it is compared by its source.

    Sources count where no binary stands for them; the kernel's count for all its binaries.
    """
    kernels = {
        said.build.version for said in fixed if said.build.is_source and _KERNEL.fullmatch(said.build.name)
    }
    binaries = [said for said in fixed if not said.build.is_source and said.build.version not in kernels]
    places = {(said.build.cpe, said.build.module) for said in binaries}
    yield from ((said, False) for said in binaries)
    for said in fixed:
        own = said.build
        if own.is_source and (own.version in kernels or (own.cpe, own.module) not in places):
            yield said, True


def _fixed(package: str, by_source: bool, group: Sequence[Said]) -> Iterator[_Terms]:  # noqa: FBT001 - part of a key
    by_version: defaultdict[str, list[Said]] = defaultdict(list)
    for said in group:
        by_version[said.build.version].append(said)
    for affected in ranges(by_version):
        builds = by_version[affected.fixed]
        arches = {said.build.arch for said in builds} - {""}
        exact = () if _ANY in arches else tuple(sorted(arches))
        errata = tuple(sorted({said.erratum for said in builds} - {""}))
        yield _Terms(package, by_source, affected, exact, builds[0].severity, "affected", errata)


def _is_part(build: Build, whole: Build) -> bool:
    """Whether the build's repository is one of the product's."""
    same = build.product == whole.product
    return same and (build.release == whole.release or build.release.startswith(f"{whole.release}."))

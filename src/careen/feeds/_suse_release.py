"""What one of SUSE's VEX documents says for one release."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from careen.feeds._csaf import Purl
from careen.feeds._fields import InvalidRecord
from careen.feeds._suse_places import PAID
from careen.model.advisory import Affected, Range
from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

_SOURCE = re.compile(r"(?P<name>.+?)(?:-(?P<version>[^-]+-[^-]+))?\.(?:no)?src\.rpm")
_BUILD = re.compile(r"(?P<version>[^-]+)-[^-]+")
_IDLE = re.compile(r".*-(debuginfo|debugsource)(-.*)?|kernel-livepatch-.*|kgraft-patch-.*")
_PAID = "the fix needs SUSE's Long Term Service Pack Support"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one package."""

    package: str
    source: str  # "" = not said
    build: str  # its version; "" = any
    version: str  # of the source, where that is named; else its own
    rank: int  # of the product that it is said of
    severity: str
    status: str

    @property
    def place(self) -> tuple[str, bool]:
        """Fixes are compared by the source: all that is built from it has its version."""
        return (self.source or self.package), bool(self.source)


def said(component: str, purl: str, *, is_fix: bool, rank: int, severity: str, status: str) -> Said | None:
    """None for what is of no use in a container; raises InvalidRecord.

    The purl of a component without a version may have cut its name: then `component` is the name.
    """
    if _IDLE.fullmatch(component):
        return None
    parsed = Purl.of(purl) if purl else None
    source = _SOURCE.fullmatch(parsed.qualifiers.get("upstream", "")) if parsed else None
    name, build = component, ""
    if is_fix:
        if parsed is None or not parsed.version:
            raise InvalidRecord(f"a fix without a version: {component[:200]}")
        name, build = parsed.name, parsed.version
    version = (source["version"] if source else "") or build
    return Said(name, source["name"] if source else "", build, version, rank, severity, status)


@dataclass(slots=True)
class Release:
    fixed: list[Said] = field(default_factory=list)
    open: list[Said] = field(default_factory=list)
    cleared: list[Said] = field(default_factory=list)

    def affected(self, ecosystem: str) -> Iterator[Affected]:
        """In a fixed order."""
        open_ = self._open()
        for (package, by_source), fixes in sorted(_grouped(_nearest(self.fixed, self.cleared)).items()):
            remark = _PAID if all(each.rank == PAID for each in fixes) else ""
            for span in _ranges({each.version for each in fixes}):
                yield Affected(
                    ecosystem,
                    package,
                    (span,),
                    by_source=by_source,
                    severity=fixes[0].severity,
                    remark=remark,
                )
        for each in sorted(open_, key=repr):
            for by_source in _meanings(each):
                yield Affected(
                    ecosystem,
                    each.package,
                    (Range(),),
                    by_source=by_source,
                    severity=each.severity,
                    status=each.status,
                )
        yield from self._fixed_beside(ecosystem, {each.package for each in open_})
        spoken = {each.package for each in (*self.fixed, *open_)}
        for name in sorted({each.package for each in self.cleared} - spoken if self.fixed or open_ else ()):
            yield Affected(ecosystem, name, (Range(),), status="not_affected")

    def _fixed_beside(self, ecosystem: str, open_: AbstractSet[str]) -> Iterator[Affected]:
        """Packages that have a fix though their source will have none."""
        fixes = {(each.package, each.build) for each in self.fixed if each.source in open_}
        for package, build in sorted(fixes):
            yield Affected(ecosystem, package, (Range(build),), status="not_affected")

    def _open(self) -> list[Said]:
        """What is fixed is not open, and a source is not once its packages are, unless it never will be."""
        packages = {each.package for each in self.fixed}
        sources = {each.source for each in self.fixed}
        found = {
            each: None
            for each in _nearest(self.open, ())
            if each.package not in packages and (each.package not in sources or each.status == "will_not_fix")
        }
        return list(found)


def _nearest(all_said: Iterable[Said], cleared: Iterable[Said]) -> Iterator[Said]:
    """Of each package what the release says itself; else what its long-term support, or a module, does."""
    best: dict[str, int] = {each.package: each.rank for each in cleared}
    found = list(all_said)
    for each in found:
        best[each.package] = min(each.rank, best.get(each.package, each.rank))
    own = {each.package for each in found if each.rank == best[each.package]}
    yield from (each for each in found if each.package in own and each.rank == best[each.package])


def _grouped(fixes: Iterable[Said]) -> Mapping[tuple[str, bool], Sequence[Said]]:
    groups: defaultdict[tuple[str, bool], list[Said]] = defaultdict(list)
    for each in fixes:
        groups[each.place].append(each)
    return groups


def _meanings(each: Said) -> Sequence[bool]:
    """A name may be that of a source, of a package or of both; where the source is told, it is which."""
    return (False,) if each.source and each.source != each.package else (False, True)


def _ranges(versions: Iterable[str]) -> Iterator[Range]:
    """All below the lowest; a higher one is of another stream, which begins with its upstream version."""
    ordered = sorted(versions, key=_order)
    seen: set[str] = set()
    for number, version in enumerate(ordered):
        match = _BUILD.fullmatch(version)
        stream = match["version"] if match else version
        if number == 0:
            yield Range(fixed=version)
        elif stream not in seen and match:
            yield Range(stream, version)
        seen.add(stream)


def _order(version: str) -> tuple[bytes, str]:
    try:
        return rpm.key(version), version
    except InvalidVersion:
        return b"", version

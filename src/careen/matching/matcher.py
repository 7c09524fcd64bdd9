"""Packages and advisories make findings. What differs between distributions is data on their advisories."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from careen.matching import aliases, evidence, rejection, severity, strangers
from careen.matching.conditions import Repositories, applies, remarks
from careen.matching.coverage import asked, cover
from careen.matching.records import Covered, Hit
from careen.matching.snapshot import Snapshot
from careen.model.advisory import modular
from careen.model.distro import Distro
from careen.model.finding import Finding, Verdict
from careen.model.layer import Inventory
from careen.model.package import LANGUAGE_TYPES, Package
from careen.model.problem import Problem, ProblemKind
from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

_CLEARED = "not_affected"  # upstream looked: then what others say of the same vulnerability does not count


def match(inventory: Inventory, snapshot: Snapshot, *, kernel_headers: bool = False) -> Verdict:
    """Every vulnerability of every package, and all that could not be judged as a Problem.

    The same inventory and snapshot give the same Verdict, in whatever order the packages come.
    Vulnerabilities of the kernel count for its headers only with `kernel_headers`.
    """
    distro, packages = inventory.distro, _distinct(inventory.packages)
    third_party = [each for each in packages if strangers.is_third_party(each, distro)]
    headers = [] if kernel_headers else [each for each in packages if strangers.is_kernel_headers(each)]
    coverage = cover(inventory, snapshot, not_judged=[*third_party, *headers])
    judge = _Judge(snapshot, distro, Repositories.of(inventory, snapshot))
    aside = {*third_party, *headers}
    judged: list[Package] = []
    found: list[Finding | Problem] = [*inventory.problems, *coverage.problems]
    found += strangers.problems(third_party, headers)
    for package in packages:
        covered = coverage.ecosystems.get(asked(package, distro))
        judged.append(replace(package, ecosystem=covered.name) if covered else package)
        if covered and package not in aside and package.owner not in coverage.judges:
            found += judge.of(judged[-1], covered)
    return Verdict(
        distro,
        tuple(judged),
        tuple(sorted((item for item in found if isinstance(item, Finding)), key=_order)),
        tuple(sorted({item for item in found if isinstance(item, Problem)})),
        snapshot.digest,
    )


def _identity(package: Package) -> tuple[str, ...]:
    return (package.name, package.version, package.arch, package.path)


def _distinct(packages: Iterable[Package]) -> list[Package]:
    """In order, and a package that was found twice at the same place only once."""
    ordered = sorted(packages, key=lambda each: (*_identity(each), each.layer or "", repr(each)))
    return list({_identity(package): package for package in reversed(ordered)}.values())[::-1]


def _order(finding: Finding) -> tuple[object, ...]:
    name, *rest = _identity(finding.package)
    return (finding.severity, name, finding.id, *rest)


class _Judge:
    """Judges package by package; what several of them share is asked of the snapshot once."""

    def __init__(self, snapshot: Snapshot, distro: Distro | None, repositories: Repositories) -> None:
        self._distro = distro
        self._repositories = repositories
        self._affecting = functools.cache(snapshot.affecting)
        self._unreadable = functools.cache(snapshot.unreadable)
        self._ratings = functools.cache(snapshot.ratings)
        self._exploited = functools.cache(snapshot.exploited)
        self._likelihood = functools.cache(snapshot.likelihood)
        self._rejected = functools.cache(snapshot.rejected)

    def of(self, package: Package, covered: Covered) -> Iterator[Finding | Problem]:
        hits: list[Hit] = []
        for name, version, by_source in subjects(package):
            for id_, reason in self._unreadable(covered.name, name, by_source=by_source):
                message = f"{id_} cannot be judged for {name} {version}: {reason}"
                yield Problem(ProblemKind.INVALID_ADVISORY, package.path, message)
            try:
                hits += self._hits(package, covered, name, version, by_source=by_source)
            except InvalidVersion as error:
                message = f"{name} cannot be judged: {error.message}"
                yield Problem(ProblemKind.INVALID_VERSION, package.path, message)
        for group in aliases.merge(hits):
            is_cleared = any(hit.status == _CLEARED for hit in group)
            if not is_cleared and not rejection.of(group, self._rejected):
                yield self._finding(package, covered, group)

    def _hits(
        self, package: Package, covered: Covered, name: str, version: str, *, by_source: bool
    ) -> list[Hit]:
        """What is said of this build; raises InvalidVersion."""
        key = BY_NAME[covered.scheme].key(version)
        found = self._affecting(covered.name, name, key, by_source=by_source)
        return [hit for hit in found if applies(hit, package, covered, self._repositories)]

    def _finding(self, package: Package, covered: Covered, hits: Sequence[Hit]) -> Finding:
        id_, others = aliases.name(hits)
        names = (id_, *others)
        ordered = sorted(hits, key=functools.partial(_lead, id_))
        ratings = [rating for name in names for rating in self._ratings(name)]
        level, opinions = severity.choose(severity.candidates(ordered, ratings))
        said = remarks(ordered, self._repositories)
        confidence = package.confidence or ("low" if self._repositories.are_assumed(ordered) else "")
        proof = evidence.of(package, covered, ordered, opinions, said, confidence=confidence)
        used = [each for name in names for each in self._exploited(name)]
        likely = next(filter(None, map(self._likelihood, names)), None)
        return Finding(
            id=id_,
            aliases=others,
            severity=level,
            package=package,
            fixed_by=self._fixed_by(package, covered, ordered),
            origin="os" if package.is_os else "lang",
            type=self._type(package),
            link=next((hit.record.link for hit in ordered if hit.record.link), ""),
            status=ordered[0].status,
            evidence={**proof, **evidence.of_use(used, likely)},
        )

    def _fixed_by(self, package: Package, covered: Covered, hits: Sequence[Hit]) -> str:
        """The lowest fix above the installed version that can be had, and that no twin calls affected."""
        fixes = sorted({(hit.high, hit.range.fixed) for hit in hits if _has_fix(hit)})
        records = {hit.record.digest for hit in hits}
        if len(records) > 1:
            for _, fixed in fixes:
                if records.isdisjoint(self._records(package, covered, fixed)):
                    return fixed
        return fixes[0][1] if fixes else ""

    def _records(self, package: Package, covered: Covered, version: str) -> set[str]:
        """The advisories that speak of the package at another version."""
        return {
            hit.record.digest
            for name, _, by_source in subjects(package)
            for hit in self._hits(package, covered, name, version, by_source=by_source)
        }

    def _type(self, package: Package) -> str:
        if package.is_os:
            return self._distro.id if self._distro else package.type
        return LANGUAGE_TYPES.get(package.type, package.type)


def subjects(package: Package) -> Iterator[tuple[str, str, bool]]:
    """Each name and version that advisories may speak of, and whether they are the source package's."""
    if package.is_os:
        for name in _names(evidence.source_name(package), package.module):
            yield name, evidence.source_version(package), True
    for name in _names(package.name, package.module):
        yield name, package.version, False


def _names(name: str, module: str) -> Sequence[str]:
    """A module's builds have advisories of their own; those for other builds of that name do not apply."""
    return (modular(name, module), modular(name)) if module else (name,)


def _lead(id_: str, hit: Hit) -> tuple[object, ...]:
    """The advisory of that very id comes first, then those that name it as an alias."""
    record = hit.record
    return (record.id != id_, id_ not in record.aliases, record.feed, record.id, record.digest, hit.high)


def _has_fix(hit: Hit) -> bool:
    return bool(hit.range.fixed) and hit.status != "pending"

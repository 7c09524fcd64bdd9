"""From what is said of a package to its findings."""

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from careen.matching import aliases, evidence, rejection, severity
from careen.matching.aliases import Flaw
from careen.matching.conditions import Repositories, applies, remarks
from careen.matching.evidence import Proof
from careen.matching.lookup import Asked, Lookup
from careen.matching.records import Candidate, Facts, Hit
from careen.matching.snapshot import Snapshot
from careen.model.digest import Digest
from careen.model.distro import Distro
from careen.model.finding import Finding
from careen.model.package import LANGUAGE_TYPES, Package
from careen.model.problem import Problem

_Known = Mapping[str, Facts]

_CLEARED = "not_affected"  # upstream looked: then what others say of the same vulnerability does not count
_PENDING = "pending"
_STATUSES = {_PENDING: "affected"}  # a fix that is not to be had yet helps nobody


class Judge:
    def __init__(self, snapshot: Snapshot, distro: Distro | None, repositories: Repositories) -> None:
        self._snapshot = snapshot
        self._distro = distro
        self._repositories = repositories
        self._known: dict[tuple[Package, str], Collection[Digest]] = {}

    def of(self, asked: Iterable[Asked]) -> Iterator[Finding | Problem]:
        lookup = Lookup(self._snapshot, asked)
        yield from lookup.problems()
        found = [
            (each, flaw)
            for each, hits in lookup.all()
            for flaw in aliases.merge(self._applying(each, hits))
            if not any(hit.status == _CLEARED for hit in flaw.hits)
        ]
        facts = self._snapshot.facts({name for _, flaw in found for name in flaw.names})
        for each, flaw in found:
            if not (facts[flaw.id].rejected and rejection.of(flaw.names, facts)):
                yield self._finding(each, flaw, facts, lookup)

    def _applying(self, asked: Asked, hits: Iterable[Hit]) -> list[Hit]:
        """What is said of this build."""
        return [hit for hit in hits if applies(hit, asked.package, asked.covered, self._repositories)]

    def _finding(self, asked: Asked, said: Flaw, facts: _Known, lookup: Lookup) -> Finding:
        flaw = said if len(said.hits) == 1 else said._replace(hits=sorted(said.hits, key=_lead(said.id)))
        hits, package = flaw.hits, asked.package
        fixed_by = self._fixed_by(asked, hits, lookup)
        return Finding(
            id=flaw.id,
            aliases=flaw.aliases,
            severity=severity.chosen(_opinions(flaw, facts)),
            package=package,
            fixed_by=fixed_by,
            origin="os" if package.is_os else "lang",
            type=self._type(package),
            link=hits[0].record.link or next((hit.record.link for hit in hits if hit.record.link), ""),
            status="fixed" if fixed_by else _STATUSES.get(hits[0].status, hits[0].status),
            evidence=Proof(functools.partial(_proof, asked, flaw, facts, self._repositories)),
        )

    def _type(self, package: Package) -> str:
        if package.is_os:
            return self._distro.id if self._distro else package.type
        return LANGUAGE_TYPES.get(package.type, package.type)

    def _fixed_by(self, asked: Asked, hits: Sequence[Hit], lookup: Lookup) -> str:
        """The lowest fix above the installed version that can be had, and that no twin calls affected."""
        if len(hits) == 1:
            return hits[0].fixed if _has_fix(hits[0]) else ""
        fixes = sorted(filter(_has_fix, hits), key=lambda hit: (hit.high, hit.fixed))
        records = {hit.record.digest for hit in hits}
        if len(records) > 1:
            for fix in fixes:
                if any(_outlasts(hit, fix) for hit in hits):
                    continue
                if records.isdisjoint(self._said_at(asked, fix.fixed, lookup)):
                    return fix.fixed
        return fixes[0].fixed if fixes else ""

    def _said_at(self, asked: Asked, version: str, lookup: Lookup) -> Collection[Digest]:
        """The records that apply to the package at another version: asked again for each of its flaws."""
        if (asked.package, version) not in self._known:
            said = self._applying(asked, lookup.at(asked, version))
            self._known[asked.package, version] = {hit.record.digest for hit in said}
        return self._known[asked.package, version]


def _opinions(flaw: Flaw, facts: _Known) -> list[Candidate]:
    return severity.opinions(flaw.hits, [rating for name in flaw.names for rating in facts[name].ratings])


def _proof(asked: Asked, flaw: Flaw, facts: _Known, repositories: Repositories) -> Mapping[str, object]:
    package, covered, hits = asked.package, asked.covered, flaw.hits
    said = remarks(hits, covered, repositories)
    confidence = package.confidence or ("low" if repositories.are_assumed(hits, covered) else "")
    proof = evidence.of(package, covered, hits, _opinions(flaw, facts), said, confidence=confidence)
    return {**proof, **_use(flaw.names, facts)}


def _use(names: Sequence[str], facts: _Known) -> Mapping[str, object]:
    seen = [each for name in names for each in facts[name].exploited]
    likely = next((facts[name].likelihood for name in names if facts[name].likelihood), None)
    return evidence.of_use(seen, likely)


def _lead(id_: str) -> Callable[[Hit], tuple[object, ...]]:
    """The advisory of that very id comes first, then those that name it as an alias."""

    def place(hit: Hit) -> tuple[object, ...]:
        record = hit.record
        return (record.id != id_, id_ not in record.aliases, record.feed, record.id, record.digest, hit.high)

    return place


def _outlasts(hit: Hit, fix: Hit) -> bool:
    """Whether the fixed version lies in the range of `hit` too, as the installed one below it does."""
    return hit.high > fix.high and hit.by_source == fix.by_source


def _has_fix(hit: Hit) -> bool:
    return bool(hit.fixed) and hit.status != _PENDING

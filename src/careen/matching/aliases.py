"""Which advisories speak of the same vulnerability, and the name that it then gets."""

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from careen.matching.records import Hit, Record

_CVE = re.compile(r"CVE-([0-9]{4})-([0-9]{4,19})")


@functools.lru_cache(100_000)
def is_cve(name: str) -> bool:
    return _CVE.fullmatch(name) is not None


class Flaw(NamedTuple):
    """One vulnerability of one package, and all that is said of it."""

    id: str
    aliases: tuple[str, ...]
    hits: Sequence[Hit]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id, *self.aliases)


class _Names:
    """A forest of names in which those that mean the same have the same root (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def root(self, name: str) -> str:
        parents = self._parents
        while (parent := parents.setdefault(name, name)) != name:
            parents[name] = name = parents[parent]
        return name

    def join(self, name: str, other: str) -> None:
        self._parents[self.root(name)] = self.root(other)


def merge(hits: Sequence[Hit]) -> list[Flaw]:
    """The vulnerabilities of one package: advisories share an id or an alias, directly or through others.

    What an advisory named by a CVE has for aliases joins nothing: an erratum may fix many of them.
    """
    by_id = defaultdict(list)
    for hit in hits:
        by_id[hit.record.id].append(hit)
    groups = defaultdict(list)
    names = _joined(by_id)
    for id_ in by_id:
        groups[names.root(id_)].append(id_)
    return [
        flaw for ids in groups.values() for flaw in _flaws(ids, [hit for id_ in ids for hit in by_id[id_]])
    ]


def _joined(by_id: Mapping[str, Sequence[Hit]]) -> _Names:
    names = _Names()
    for id_, hits in by_id.items():
        if not is_cve(id_):
            for hit in hits:
                for alias in hit.record.aliases:
                    names.join(id_, alias)
    return names


def _flaws(ids: Sequence[str], hits: Sequence[Hit]) -> list[Flaw]:
    """Two CVEs that have advisories of their own are two vulnerabilities, whatever third names them both."""
    if len(ids) == 1 and is_cve(ids[0]):  # nearly all that distributions say
        aliases = {alias for hit in hits for alias in hit.record.aliases} - {ids[0]}
        return [Flaw(ids[0], tuple(sorted(aliases)), hits)]
    said = [_cves(hit.record) for hit in hits]
    own = {cve for cves in said if len(cves) == 1 for cve in cves}
    if len(own) <= 1:
        return [_named(hits, own)]
    shared = {cve: _names_of(cve, hits, said) for cve in own}
    return [
        _named(
            [hit for hit, cves in zip(hits, said, strict=True) if cve in _meant(hit.record, cves, shared)],
            {cve},
            foreign=own,
        )
        for cve in sorted(own)
    ]


def _cves(record: Record) -> frozenset[str]:
    """The vulnerabilities that an advisory says it is about."""
    return frozenset([record.id] if is_cve(record.id) else filter(is_cve, record.aliases))


def _names_of(cve: str, hits: Iterable[Hit], said: Iterable[Collection[str]]) -> set[str]:
    """All names of the advisories that are about this CVE alone."""
    return {
        name for hit, cves in zip(hits, said, strict=True) if set(cves) == {cve} for name in hit.record.ids
    }


def _meant(record: Record, cves: Collection[str], shared: dict[str, set[str]]) -> Collection[str]:
    """The CVEs with advisories of their own that this one is about too; all of them where nobody can tell."""
    if known := shared.keys() & set(cves):
        return known
    return [cve for cve, names in shared.items() if names & set(record.ids)] or shared.keys()


def _named(hits: Sequence[Hit], own: Collection[str], *, foreign: Collection[str] = ()) -> Flaw:
    """The CVE with an advisory of its own, else the oldest; without any the first of the own ids."""
    every = {name for hit in hits for name in hit.record.ids}
    cves = own or set(filter(is_cve, every))
    chosen = min(cves, key=_year_and_number) if cves else min(hit.record.id for hit in hits)
    return Flaw(chosen, tuple(sorted(every - {chosen, *foreign})), hits)


def _year_and_number(cve: str) -> tuple[int, int, str]:
    year, number = cve.split("-")[1:]
    return int(year), int(number), cve

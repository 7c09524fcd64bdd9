"""Which advisories speak of the same vulnerability, and the name that it then gets."""

import re
from collections import defaultdict
from collections.abc import Sequence

from careen.matching.records import Hit

_CVE = re.compile(r"CVE-([0-9]{4})-([0-9]{4,19})")


def is_cve(name: str) -> bool:
    return _CVE.fullmatch(name) is not None


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


def merge(hits: Sequence[Hit]) -> list[list[Hit]]:
    """The hits of one package in groups that share an id or an alias, directly or through others.

    What an advisory named by a CVE has for aliases joins nothing: an erratum may fix many of them.
    """
    names = _Names()
    for hit in hits:
        if _CVE.fullmatch(hit.record.id):
            continue
        for alias in hit.record.aliases:
            names.join(hit.record.id, alias)
    groups = defaultdict(list)
    for hit in hits:
        groups[names.root(hit.record.id)].append(hit)
    return list(groups.values())


def name(hits: Sequence[Hit]) -> tuple[str, tuple[str, ...]]:
    """The id of a group's vulnerability and its aliases.

    The id is the CVE, the oldest and lowest-numbered where there are several; without a CVE the first of
    the advisories' own ids in the order of text.
    """
    own = {hit.record.id for hit in hits}
    every = {alias for hit in hits for alias in hit.record.ids}
    cves = [match for match in map(_CVE.fullmatch, every) if match]
    chosen = min(cves, key=_year_and_number)[0] if cves else min(own)
    return chosen, tuple(sorted(every - {chosen}))


def _year_and_number(match: re.Match[str]) -> tuple[int, int, str]:
    return int(match[1]), int(match[2]), match[0]

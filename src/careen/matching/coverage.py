"""Which ecosystem of the snapshot judges a package, and what to say where none does."""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from careen.matching.records import Covered
from careen.matching.snapshot import Snapshot
from careen.model.distro import Distro
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

# Families whose rolling branch stands in for releases that are newer than all that the feed knows.
_ROLLING = {"Alpine": "edge"}
_RELEASE = re.compile(r"(?P<family>[^:]+):v?(?P<number>[0-9]+(?:\.[0-9]+)*)")


class Coverage(NamedTuple):
    ecosystems: Mapping[str, Covered]  # by the name that a package or its distribution asks for
    problems: frozenset[Problem]
    judges: frozenset[str]  # names of the distribution's packages that are judged, with all that they own


def asked(package: Package, distro: Distro | None) -> str:
    """The ecosystem that a package belongs to; "" = nobody knows."""
    if package.ecosystem or not package.is_os or distro is None:
        return package.ecosystem
    return distro.ecosystem


def cover(inventory: Inventory, snapshot: Snapshot, *, not_judged: Collection[Package] = ()) -> Coverage:
    """What judges the packages; those that are not judged own nothing."""
    distro = inventory.distro
    judges = frozenset(_judges(inventory, snapshot)) - {package.name for package in not_judged}
    free = [each for each in inventory.packages if each.owner not in judges]
    groups = {(asked(each, distro), each.is_os, each.type) for each in free}
    found = {name: snapshot.ecosystem(name) or _newer(name, snapshot) for name, _, _ in groups}
    ecosystems = {name: covered for name, covered in found.items() if covered is not None}
    problems: set[Problem] = set()
    for name, is_os, kind in groups:
        path = distro.path if distro and is_os else ""
        if name in ecosystems:
            problems.update(_reservations(name, ecosystems[name], path, snapshot))
        elif is_os:
            problems.add(_uncovered(name, path, kind))
        else:
            problems.add(_uncovered_language(name or f"{kind} packages", is_all=not ecosystems))
    if any(problem.kind is ProblemKind.UNKNOWN_DISTRIBUTION for problem in inventory.problems):
        problems = {each for each in problems if each.kind is not ProblemKind.UNKNOWN_DISTRIBUTION}
    return Coverage(ecosystems, frozenset(problems), judges)


def _judges(inventory: Inventory, snapshot: Snapshot) -> Iterator[str]:
    """Whoever nobody has advisories for must not silence what others say of its files."""
    known = functools.cache(lambda name: snapshot.ecosystem(name) or _newer(name, snapshot))
    for package in inventory.packages:
        if package.is_os and known(asked(package, inventory.distro)):
            yield package.name


def _newer(name: str, snapshot: Snapshot) -> Covered | None:
    """The rolling branch, for a release above all others of its family."""
    release = _RELEASE.fullmatch(name)
    if release is None or release["family"] not in _ROLLING:
        return None
    rolling = snapshot.ecosystem(f"{release['family']}:{_ROLLING[release['family']]}")
    known = filter(None, (_RELEASE.fullmatch(each.name) for each in snapshot.ecosystems()))
    numbers = [_number(each) for each in known if each["family"] == release["family"]]
    return rolling if _number(release) > max(numbers, default=()) else None


def _number(release: re.Match[str]) -> tuple[int, ...]:
    return tuple(map(int, release["number"].split(".")))


def _uncovered(name: str, path: str, kind: str) -> Problem:
    if not name:
        return Problem(
            ProblemKind.UNKNOWN_DISTRIBUTION,
            path,
            f"no advisories are known to apply to these {kind} packages",
        )
    return Problem(ProblemKind.NO_FEED, path, f"the snapshot has no advisories for {name}")


def _uncovered_language(what: str, *, is_all: bool) -> Problem:
    """Counts are an answer without it, but not if there is nothing else in the image."""
    kind = ProblemKind.NO_FEED if is_all else ProblemKind.NO_LANGUAGE_FEED
    return Problem(kind, "", f"the snapshot has no advisories for {what}")


def _reservations(name: str, found: Covered, path: str, snapshot: Snapshot) -> Iterable[Problem]:
    if snapshot.ecosystem(name) is None:
        message = f"no feed knows {name} yet; judged by the advisories for {found.name}"
        yield Problem(ProblemKind.UNKNOWN_RELEASE, path, message)
    if found.ended:
        message = f"upstream has published no advisories for {name} since {found.end_of_life}"
        yield Problem(ProblemKind.END_OF_LIFE, path, message)

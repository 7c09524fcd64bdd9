"""What a snapshot says of the packages of one image, asked for all of them at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from careen.matching.evidence import source_name, source_version
from careen.matching.order import order_of
from careen.matching.records import Covered, Hit
from careen.matching.snapshot import Snapshot, Subject
from careen.model.package import Package, modular
from careen.model.problem import Problem, ProblemKind
from careen.versions.invalid import InvalidVersion


class Asked(NamedTuple):
    """A package, and what judges it."""

    package: Package
    covered: Covered

    def subjects(self) -> Iterator[tuple[Subject, str]]:
        """What advisories may speak of, each with its version."""
        for name, version, by_source in subjects(self.package):
            yield (self.covered.name, name, by_source), version

    def key(self, version: str, *, by_source: bool) -> bytes:
        """Raises InvalidVersion."""
        return order_of(self.covered.scheme, by_source=by_source).key(version)


class Lookup:
    def __init__(self, snapshot: Snapshot, asked: Iterable[Asked]) -> None:
        self._snapshot = snapshot
        self._asked = list(asked)
        self._keys: dict[tuple[str, str, bool], bytes | InvalidVersion] = {}
        every = dict.fromkeys(subject for each in self._asked for subject, _ in each.subjects())
        self._numbers = snapshot.packages(list(every))
        self._unreadable = snapshot.unreadable(self._numbers.values())

    def all(self) -> Iterator[tuple[Asked, Sequence[Hit]]]:
        """Each package with what is said of its version."""
        wanted = [list(self._wanted(each)) for each in self._asked]
        found = iter(self._snapshot.affecting_all([each for several in wanted for each in several]))
        for asked, several in zip(self._asked, wanted, strict=True):
            yield asked, [hit for _ in several for hit in next(found)]

    def at(self, asked: Asked, version: str) -> Sequence[Hit]:
        """What is said of the package at another version, which its scheme can order."""
        wanted = [
            (number, asked.key(version, by_source=subject[2]), subject[2])
            for subject, _ in asked.subjects()
            if (number := self._numbers.get(subject))
        ]
        return [hit for hits in self._snapshot.affecting_all(wanted) for hit in hits]

    def problems(self) -> Iterator[Problem]:
        """Advisories and versions that cannot be judged."""
        for asked in self._asked:
            path = asked.package.path
            for subject, version in asked.subjects():
                _, name, _ = subject
                for id_, reason in self._unreadable.get(self._numbers.get(subject, 0), ()):
                    message = f"{id_} cannot be judged for {name} {version}: {reason}"
                    yield Problem(ProblemKind.INVALID_ADVISORY, path, message)
                key = self._key(asked, version, by_source=subject[2])
                if isinstance(key, InvalidVersion):
                    message = f"{asked.package.name} cannot be judged: {key.message}"
                    yield Problem(ProblemKind.INVALID_VERSION, path, message)

    def _wanted(self, asked: Asked) -> Iterator[tuple[int, bytes, bool]]:
        for subject, version in asked.subjects():
            number = self._numbers.get(subject)
            key = self._key(asked, version, by_source=subject[2])
            if number and isinstance(key, bytes):
                yield number, key, subject[2]

    def _key(self, asked: Asked, version: str, *, by_source: bool) -> bytes | InvalidVersion:
        place = (asked.covered.scheme, version, by_source)
        known = self._keys.get(place)
        if known is None:
            try:
                known = asked.key(version, by_source=by_source)
            except InvalidVersion as error:
                known = error
            self._keys[place] = known
        return known


def subjects(package: Package) -> Iterator[tuple[str, str, bool]]:
    """Each name and version that advisories may speak of, and whether they are the source package's."""
    if package.is_os:
        for name in _names(source_name(package), package.module):
            yield name, source_version(package), True
    for name in _names(package.name, package.module):
        yield name, package.version, False


def _names(name: str, module: str) -> Sequence[str]:
    """A module's builds have advisories of their own; those for other builds of that name do not apply."""
    return (modular(name, module), modular(name)) if module else (name,)

"""What a snapshot says of the packages of one image, asked for all of them at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from careen.matching.evidence import source_name, source_version
from careen.matching.order import Key, order_of
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

    def key(self, *, by_source: bool) -> Key:
        return order_of(self.covered.scheme, by_source=by_source).key


class Lookup:
    def __init__(self, snapshot: Snapshot, asked: Iterable[Asked]) -> None:
        self._snapshot = snapshot
        self._asked = [(each, list(each.subjects())) for each in asked]
        self._keys: dict[tuple[Key, str], bytes | InvalidVersion] = {}
        every = dict.fromkeys(subject for _, spoken_of in self._asked for subject, _ in spoken_of)
        self._numbers = snapshot.packages(list(every))
        self._unreadable = snapshot.unreadable(self._numbers.values())

    def all(self) -> Iterator[tuple[Asked, Sequence[Hit]]]:
        """Each package with what is said of its version."""
        wanted = [list(self._wanted(each, spoken_of)) for each, spoken_of in self._asked]
        found = iter(self._snapshot.affecting_all([each for several in wanted for each in several]))
        for (asked, _), several in zip(self._asked, wanted, strict=True):
            yield asked, [hit for _ in several for hit in next(found)]

    def at(self, asked: Asked, version: str) -> Sequence[Hit]:
        """What is said of the package at another version, which its scheme can order."""
        wanted = [
            (number, asked.key(by_source=subject[2])(version), subject[2])
            for subject, _ in asked.subjects()
            if (number := self._numbers.get(subject))
        ]
        return [hit for hits in self._snapshot.affecting_all(wanted) for hit in hits]

    def problems(self) -> Iterator[Problem]:
        """Advisories and versions that cannot be judged."""
        for asked, spoken_of in self._asked:
            path = asked.package.path
            for subject, version in spoken_of:
                _, name, _ = subject
                for id_, reason in self._unreadable.get(self._numbers.get(subject, 0), ()):
                    message = f"{id_} cannot be judged for {name} {version}: {reason}"
                    yield Problem(ProblemKind.INVALID_ADVISORY, path, message)
                key = self._key(asked.key(by_source=subject[2]), version)
                if isinstance(key, InvalidVersion):
                    message = f"{asked.package.name} cannot be judged: {key.message}"
                    yield Problem(ProblemKind.INVALID_VERSION, path, message)

    def _wanted(
        self, asked: Asked, spoken_of: Iterable[tuple[Subject, str]]
    ) -> Iterator[tuple[int, bytes, bool]]:
        for subject, version in spoken_of:
            if number := self._numbers.get(subject):
                key = self._key(asked.key(by_source=subject[2]), version)
                if isinstance(key, bytes):
                    yield number, key, subject[2]

    def _key(self, key: Key, version: str) -> bytes | InvalidVersion:
        known = self._keys.get((key, version))
        if known is None:
            try:
                known = key(version)
            except InvalidVersion as error:
                known = error
            self._keys[key, version] = known
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

"""A snapshot of advisories, opened to be asked."""

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from careen.errors import Unavailable
from careen.matching import reading, schema
from careen.matching.memory import Memory
from careen.matching.records import (
    NO_CONDITION,
    Condition,
    Covered,
    Facts,
    Hit,
    Named,
    Record,
    Source,
    Statement,
)
from careen.model import digest
from careen.model.digest import Digest
from careen.model.problem import Problem, ProblemKind

Subject = tuple[str, str, bool]  # ecosystem, name of a package, whether that of the source is meant

_KEPT = 20_000  # of each kind of answer, about 1 KB each


class InvalidSnapshot(Unavailable): ...


class ForeignSnapshot(InvalidSnapshot):
    """Another version of careen built it."""


class Snapshot:
    """Reads only, and may be shared by threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()
        self._records: Memory[int, Record] = Memory(self._load_records, most=_KEPT)
        self._conditions: Memory[int, Condition] = Memory(self._load_conditions, most=_KEPT)
        self._facts: Memory[str, Facts] = Memory(self._load_facts, most=_KEPT)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises InvalidSnapshot for a file that is no snapshot, or one of another version of careen."""
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            raise InvalidSnapshot(f"the snapshot {path} cannot be opened: {error}") from None
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            connection.close()
            raise InvalidSnapshot(f"the snapshot {path} cannot be read: {error}") from None
        if version != schema.VERSION:
            connection.close()
            raise ForeignSnapshot(f"the snapshot {path} is of another version of careen: update the feeds")
        return cls(path, connection)

    @property
    def digest(self) -> Digest:
        """As the file's name says; the bytes are not read for it."""
        return digest.from_hex(self.path.stem)

    def ecosystems(self) -> tuple[Covered, ...]:
        rows = self._rows("SELECT name, scheme, feed, end_of_life, ended FROM ecosystems ORDER BY name")
        return tuple(map(reading.covered, rows))

    def ecosystem(self, name: str) -> Covered | None:
        """What judges the ecosystem of that name or alias; its end is the end of what was asked for."""
        rows = self._rows(reading.ECOSYSTEM, name)
        return reading.covered(rows[0]) if rows else None

    def feeds(self) -> tuple[Source, ...]:
        rows = self._rows("SELECT name, advisories, withdrawn, ratings, problems FROM feeds ORDER BY name")
        return tuple(Source(*row) for row in rows)

    def problems(self, feed: str) -> tuple[tuple[Problem, int], ...]:
        """What could not be read of a feed, and how many times."""
        rows = self._rows("SELECT kind, path, message, count FROM problems WHERE feed = ?", feed)
        return tuple((Problem(ProblemKind(kind), path, text), count) for kind, path, text, count in rows)

    def packages(self, asked: Sequence[Subject]) -> dict[Subject, int]:
        """The numbers of those that some advisory speaks of."""
        rows = self._rows(reading.PACKAGES, json.dumps(asked))
        return {asked[place]: number for place, number in rows}

    def affecting(self, subject: Subject, version: bytes) -> tuple[Hit, ...]:
        """What affects the version of that key."""
        number = self.packages([subject]).get(subject)
        return self.affecting_all([(number, version, subject[2])])[0] if number else ()

    def affecting_all(self, asked: Sequence[tuple[int, bytes, bool]]) -> list[tuple[Hit, ...]]:
        """What affects each, given by number, key, and whether the source is meant."""
        found = [self._rows(reading.AFFECTING, package, key, key) for package, key, _ in asked]
        records = self._records.of({row[0] for rows in found for row in rows})
        conditions = self._conditions.of({row[-1] for rows in found for row in rows})
        return [
            tuple([reading.hit(row, records, conditions, by_source=by_source) for row in rows])
            for rows, (_, _, by_source) in zip(found, asked, strict=True)
        ]

    def _load_records(self, numbers: Sequence[int]) -> Mapping[int, Record]:
        rows = self._rows(reading.RECORDS, json.dumps(numbers))
        return {row[0]: reading.record(row[1:]) for row in rows}

    def _load_conditions(self, numbers: Sequence[int]) -> Mapping[int, Condition]:
        rows = self._rows(reading.CONDITIONS, json.dumps(numbers))
        return {0: NO_CONDITION, **{row[0]: reading.condition(row[1:]) for row in rows}}

    def named(self, vulnerability: str) -> tuple[Named, ...]:
        """Every advisory of that id or alias, in any case. Reads the whole file: not for scans."""
        rows = self._rows(reading.NAMED, vulnerability, json.dumps(vulnerability))
        records = {row[0]: reading.record(row[1:9]) for row in rows}
        said = self._statements(records)
        return tuple(Named(records[row[0]], row[9], tuple(said[row[0]])) for row in rows)

    def _statements(self, records: Mapping[int, Record]) -> Mapping[int, list[Statement]]:
        found = defaultdict(list)
        rows = self._rows(reading.STATEMENTS, json.dumps(sorted(records)))
        conditions = self._conditions.of({row[-1] for row in rows})
        for number, ecosystem, package, by_source, low, *rest in rows:
            hit = reading.hit(rest, records, conditions, by_source=bool(by_source))
            found[number].append(Statement(ecosystem, package, bool(by_source), low, hit))
        return found

    def unreadable(self, packages: Collection[int]) -> dict[int, list[tuple[str, str]]]:
        """Ids of advisories for these packages that cannot be judged, each with the reason."""
        found = defaultdict(list)
        for package, id_, reason in self._rows(reading.UNREADABLE, json.dumps(sorted(packages))):
            found[package].append((id_, reason))
        return found

    def facts(self, vulnerabilities: Collection[str]) -> Mapping[str, Facts]:
        """Of each of these names, and perhaps of others."""
        return self._facts.of(vulnerabilities)

    def _load_facts(self, vulnerabilities: Sequence[str]) -> Mapping[str, Facts]:
        names = json.dumps(sorted(vulnerabilities))
        ratings, exploited, likelihoods, rejected = (self._by_id(query, names) for query in reading.FACTS)
        return {
            name: reading.facts(
                ratings.get(name, ()),
                exploited.get(name, ()),
                likelihoods.get(name, ()),
                rejected.get(name, ()),
            )
            for name in vulnerabilities
        }

    def _by_id(self, query: str, names: str) -> Mapping[str, list[reading.Row]]:
        found: defaultdict[str, list[reading.Row]] = defaultdict(list)
        for row in self._rows(query, names):
            found[row[0]].append(row)
        return found

    def cpes(self, repository: str) -> tuple[str, ...]:
        """Of the repository of that id; none for an unknown one."""
        return tuple(cpe for (cpe,) in self._rows("SELECT cpe FROM repositories WHERE id = ?", repository))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except (
            UnicodeEncodeError
        ):  # names in an image may be any bytes; those that are no text are in no feed
            return []

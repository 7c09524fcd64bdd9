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
from careen.matching.records import Condition, Covered, Facts, Hit, Named, Record, Source, Statement
from careen.model import digest
from careen.model.digest import Digest
from careen.model.problem import Problem, ProblemKind
from careen.model.vulnerability import Exploited, Likelihood, Rating, Score

Subject = tuple[str, str, bool]  # ecosystem, name of a package, whether that of the source is meant

_KEPT = 20_000  # records that an open snapshot remembers, about 1 KB each


class InvalidSnapshot(Unavailable): ...


class ForeignSnapshot(InvalidSnapshot):
    """Another version of careen built it."""


class Snapshot:
    """Reads only, and may be shared by threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()
        self._known: dict[int, Record] = {}
        self._conditions: dict[int, Condition] = {}

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
        records = self._records({row[0] for rows in found for row in rows})
        return [
            tuple(reading.hit(row, records[row[0]], self._condition, by_source=by_source) for row in rows)
            for rows, (_, _, by_source) in zip(found, asked, strict=True)
        ]

    def _records(self, numbers: set[int]) -> dict[int, Record]:
        known = self._known
        missing = [number for number in numbers if number not in known]
        if len(known) + len(missing) > _KEPT:
            known = {number: known[number] for number in numbers if number in known}
        if missing:
            rows = self._rows(reading.RECORDS, json.dumps(missing))
            known = {**known, **{row[0]: reading.record(row[1:]) for row in rows}}
        self._known = known  # a dict that is in use elsewhere is never changed
        return known

    def _condition(self, number: int) -> Condition:
        known = self._conditions.get(number)
        if known is None:
            known = reading.condition(self._rows(reading.CONDITION, number)[0])
            self._conditions[number] = known
        return known

    def named(self, vulnerability: str) -> tuple[Named, ...]:
        """Every advisory of that id or alias, in any case. Reads the whole file: not for scans."""
        rows = self._rows(reading.NAMED, vulnerability, json.dumps(vulnerability))
        records = {row[0]: reading.record(row[1:9]) for row in rows}
        said = self._statements(records)
        return tuple(Named(records[row[0]], row[9], tuple(said[row[0]])) for row in rows)

    def _statements(self, records: Mapping[int, Record]) -> Mapping[int, list[Statement]]:
        found = defaultdict(list)
        rows = self._rows(reading.STATEMENTS, json.dumps(sorted(records)))
        for number, ecosystem, package, by_source, low, *rest in rows:
            hit = reading.hit(rest, records[number], self._condition, by_source=bool(by_source))
            found[number].append(Statement(ecosystem, package, bool(by_source), low, hit))
        return found

    def unreadable(self, packages: Collection[int]) -> dict[int, list[tuple[str, str]]]:
        """Ids of advisories for these packages that cannot be judged, each with the reason."""
        found = defaultdict(list)
        for package, id_, reason in self._rows(reading.UNREADABLE, json.dumps(sorted(packages))):
            found[package].append((id_, reason))
        return found

    def facts(self, vulnerabilities: Collection[str]) -> Facts:
        names = json.dumps(sorted(vulnerabilities))
        ratings, exploited, rejected = defaultdict(list), defaultdict(list), defaultdict(list)
        for id_, source, vector, level in self._rows(reading.RATINGS, names):
            ratings[id_].append(Rating(id_, Score(source, vector), reading.SEVERITIES[level]))
        for id_, source, since, used in self._rows(reading.EXPLOITED, names):
            exploited[id_].append(Exploited(id_, source, since, bool(used)))
        likelihoods: dict[str, Likelihood] = {}
        for row in self._rows(reading.LIKELIHOODS, names):
            likelihoods.setdefault(row[0], Likelihood._make(row))
        for id_, source in self._rows(reading.REJECTED, names):
            rejected[id_].append(source)
        return Facts(ratings, exploited, likelihoods, rejected)

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

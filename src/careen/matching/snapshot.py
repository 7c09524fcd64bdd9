"""A snapshot of advisories, opened to be asked."""

import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from careen.errors import Unavailable
from careen.matching import schema
from careen.matching.files import activate, current
from careen.matching.records import Covered, Hit, Named, Record, Source, Statement
from careen.model import digest
from careen.model.advisory import Exploited, Likelihood, Range, Rating, Score
from careen.model.digest import Digest
from careen.model.problem import Problem, ProblemKind
from careen.model.severity import Severity

__all__ = ["InvalidSnapshot", "Snapshot", "activate", "current"]


class InvalidSnapshot(Unavailable): ...


class Snapshot:
    """Reads only, and may be shared by threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()

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
            raise InvalidSnapshot(f"the snapshot {path} is of another version of careen: update the feeds")
        return cls(path, connection)

    @property
    def digest(self) -> Digest:
        """As the file's name says; the bytes are not read for it."""
        return digest.from_hex(self.path.stem)

    def ecosystems(self) -> tuple[Covered, ...]:
        rows = self._rows("SELECT name, scheme, feed, end_of_life, ended FROM ecosystems ORDER BY name")
        return tuple(_covered(row) for row in rows)

    def ecosystem(self, name: str) -> Covered | None:
        """What judges the ecosystem of that name or alias; its end is the end of what was asked for."""
        rows = self._rows(
            """SELECT judge.name, judge.scheme, judge.feed,
            coalesce(own.end_of_life, judge.end_of_life), coalesce(own.ended, judge.ended) FROM names
            JOIN ecosystems AS judge ON judge.name = names.ecosystem
            LEFT JOIN ecosystems AS own ON own.name = names.name WHERE names.name = ?""",
            name,
        )
        return _covered(rows[0]) if rows else None

    def feeds(self) -> tuple[Source, ...]:
        rows = self._rows("SELECT name, advisories, withdrawn, ratings, problems FROM feeds ORDER BY name")
        return tuple(Source(*row) for row in rows)

    def problems(self, feed: str) -> tuple[tuple[Problem, int], ...]:
        """What could not be read of a feed, and how many times."""
        rows = self._rows("SELECT kind, path, message, count FROM problems WHERE feed = ?", feed)
        return tuple((Problem(ProblemKind(kind), path, text), count) for kind, path, text, count in rows)

    def affecting(self, ecosystem: str, package: str, version: bytes, *, by_source: bool) -> tuple[Hit, ...]:
        """What affects the version of that key; `by_source` asks for what is said of source packages."""
        rows = self._rows(_AFFECTING, ecosystem, package, by_source, version, version)
        return tuple(_hit(row) for row in rows)

    def named(self, vulnerability: str) -> tuple[Named, ...]:
        """Every advisory of that id or alias. Reads the whole file: for people who ask, not for scans."""
        rows = self._rows(_NAMED, vulnerability, json.dumps(vulnerability))
        return tuple(
            Named(_record(row[1:11]), row[11], self._statements(row[0], _record(row[1:11]))) for row in rows
        )

    def _statements(self, advisory: int, record: Record) -> tuple[Statement, ...]:
        return tuple(
            Statement(ecosystem, package, bool(by_source), low, _said(record, rest))
            for ecosystem, package, by_source, low, *rest in self._rows(_STATEMENTS, advisory)
        )

    def unreadable(self, ecosystem: str, package: str, *, by_source: bool) -> tuple[tuple[str, str], ...]:
        """Ids of advisories for that package that cannot be judged, each with the reason."""
        return tuple(self._rows(_UNREADABLE, ecosystem, package, by_source))

    def ratings(self, vulnerability: str) -> tuple[Rating, ...]:
        rows = self._rows("SELECT id, source, vector, severity FROM ratings WHERE id = ?", vulnerability)
        return tuple(
            Rating(id_, Score(source, vector), Severity(level)) for id_, source, vector, level in rows
        )

    def rejected(self, vulnerability: str) -> tuple[str, ...]:
        """Who says that the id was taken back."""
        return tuple(who for (who,) in self._rows("SELECT source FROM rejected WHERE id = ?", vulnerability))

    def cpes(self, repository: str) -> tuple[str, ...]:
        """Of the repository of that id; none for an unknown one."""
        return tuple(cpe for (cpe,) in self._rows("SELECT cpe FROM repositories WHERE id = ?", repository))

    def exploited(self, vulnerability: str) -> tuple[Exploited, ...]:
        rows = self._rows("SELECT id, source, since, ransomware FROM exploited WHERE id = ?", vulnerability)
        return tuple(Exploited(id_, source, since, bool(used)) for id_, source, since, used in rows)

    def likelihood(self, vulnerability: str) -> Likelihood | None:
        """The newest answer there is."""
        query = (
            "SELECT id, probability, percentile, day FROM likelihoods WHERE id = ? ORDER BY day DESC LIMIT 1"
        )
        rows = self._rows(query, vulnerability)
        return Likelihood(*rows[0]) if rows else None

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


_AFFECTING = """
SELECT advisories.digest, feed, advisories.name, aliases, scores, advisories.severity, link, summary,
       published, modified, introduced, fixed, last_affected, high, ranges.severity, status,
       by_source, arches, repositories, remark
FROM packages
CROSS JOIN ranges ON ranges.package = packages.id
CROSS JOIN advisories ON advisories.id = ranges.advisory
LEFT JOIN conditions ON conditions.id = ranges.condition
WHERE packages.ecosystem = ? AND packages.name = ? AND by_source = ? AND high > ? AND low <= ?
ORDER BY advisories.id, high, low, introduced, fixed, last_affected, ranges.severity, status, condition
"""

_NAMED = """
SELECT id, digest, feed, name, aliases, scores, severity, link, summary, published, modified, withdrawn
FROM advisories WHERE name = ? OR instr(aliases, ?) ORDER BY id
"""

_STATEMENTS = """
SELECT ecosystem, name, by_source, low, introduced, fixed, last_affected, high, severity, status, by_source,
       arches, repositories, remark
FROM ranges
JOIN packages ON packages.id = ranges.package
LEFT JOIN conditions ON conditions.id = ranges.condition
WHERE advisory = ? ORDER BY 1, 2, 3, high, low, 5, 6, 7, 9, 10, condition
"""

_UNREADABLE = """
SELECT advisories.name, reason
FROM packages
CROSS JOIN unreadable ON unreadable.package = packages.id
CROSS JOIN advisories ON advisories.id = unreadable.advisory
WHERE packages.ecosystem = ? AND packages.name = ? AND by_source = ?
ORDER BY 1, 2
"""


def _covered(row: tuple[Any, ...]) -> Covered:
    name, scheme, feed, end_of_life, ended = row
    return Covered(name, scheme, feed, end_of_life, bool(ended))


def _record(row: Sequence[Any]) -> Record:
    sha256, feed, name, aliases, scores, *words = row
    return Record(
        digest.from_hex(sha256.hex()),
        feed,
        name,
        tuple(json.loads(aliases)),
        tuple((source, vector, Severity(level)) for source, vector, level in json.loads(scores)),
        *words,
    )


def _hit(row: tuple[Any, ...]) -> Hit:
    return _said(_record(row[:10]), row[10:])


def _said(record: Record, row: Sequence[Any]) -> Hit:
    introduced, fixed, last_affected, high, severity, status, by_source, *condition = row
    affected = Range(introduced, fixed, last_affected)
    return Hit(record, affected, high, severity, status, bool(by_source), *_condition(*condition))


def _condition(
    arches: str | None, repositories: str | None, remark: str | None
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    return tuple(json.loads(arches or "[]")), tuple(json.loads(repositories or "[]")), remark or ""

"""A snapshot of advisories, opened to be asked."""

import json
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from careen.errors import Unavailable
from careen.matching import schema
from careen.matching.files import activate, current
from careen.model import digest
from careen.model.advisory import Exploited, Likelihood, Range, Rating, Score
from careen.model.digest import Digest
from careen.model.problem import Problem, ProblemKind
from careen.model.severity import Severity

__all__ = ["Covered", "Hit", "InvalidSnapshot", "Record", "Snapshot", "Source", "activate", "current"]


class InvalidSnapshot(Unavailable): ...


@dataclass(frozen=True, slots=True)
class Covered:
    """An ecosystem that the snapshot has advisories for."""

    name: str
    scheme: str
    feed: str
    end_of_life: str  # ISO date; "" = not known
    ended: bool  # on the day on which the snapshot was built


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, and how much of it is in the snapshot."""

    name: str
    advisories: int
    withdrawn: int
    ratings: int
    problems: int


@dataclass(frozen=True, slots=True)
class Record:
    """An advisory as a feed gave it, without what it says of packages."""

    digest: Digest
    feed: str
    id: str
    aliases: tuple[str, ...]
    scores: tuple[tuple[str, str, Severity], ...]  # source, CVSS vector, what it means
    severity: str
    link: str
    summary: str
    published: str
    modified: str

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.id, *self.aliases)


@dataclass(frozen=True, slots=True)
class Hit:
    """A range of an advisory that the asked version lies in."""

    record: Record
    range: Range
    high: bytes  # key of the fixed version, where the range has one
    severity: str  # the vendor's word for the package
    status: str
    by_source: bool  # said of the source package
    arches: tuple[str, ...] = ()  # of the builds that are meant; () = of any
    repositories: tuple[str, ...] = ()  # CPEs of the repositories whose builds are meant; () = of any
    remark: str = ""


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
        """The ecosystem of that name or alias."""
        rows = self._rows(
            """SELECT ecosystems.name, scheme, feed, end_of_life, ended FROM names
            JOIN ecosystems ON ecosystems.name = names.ecosystem WHERE names.name = ?""",
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

    def unreadable(self, ecosystem: str, package: str, *, by_source: bool) -> tuple[tuple[str, str], ...]:
        """Ids of advisories for that package that cannot be judged, each with the reason."""
        return tuple(self._rows(_UNREADABLE, ecosystem, package, by_source))

    def ratings(self, vulnerability: str) -> tuple[Rating, ...]:
        rows = self._rows("SELECT id, source, vector, severity FROM ratings WHERE id = ?", vulnerability)
        return tuple(
            Rating(id_, Score(source, vector), Severity(level)) for id_, source, vector, level in rows
        )

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


def _hit(row: tuple[Any, ...]) -> Hit:
    sha256, feed, name, aliases, scores, *words = row[:10]
    record = Record(
        digest.from_hex(sha256.hex()),
        feed,
        name,
        tuple(json.loads(aliases)),
        tuple((source, vector, Severity(level)) for source, vector, level in json.loads(scores)),
        *words,
    )
    introduced, fixed, last_affected, high, severity, status, by_source, *condition = row[10:]
    affected = Range(introduced, fixed, last_affected)
    return Hit(record, affected, high, severity, status, bool(by_source), *_condition(*condition))


def _condition(
    arches: str | None, repositories: str | None, remark: str | None
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    return tuple(json.loads(arches or "[]")), tuple(json.loads(repositories or "[]")), remark or ""

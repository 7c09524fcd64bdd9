"""Where a snapshot's records wait, in a file that SQLite removes by itself, until all of them are there.

Records come in any order, an advisory perhaps before its ecosystem; from here they are read sorted.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable

from careen.model.advisory import (
    Advisory,
    Affected,
    Ecosystem,
    Exploited,
    Likelihood,
    Rating,
    Repository,
    Revision,
)
from careen.model.problem import Problem, ProblemKind

Record = Ecosystem | Advisory | Revision | Rating | Repository | Exploited | Likelihood | Problem

_TABLES = """
CREATE TABLE feeds (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE ecosystems (feed TEXT, name TEXT, scheme TEXT, aliases TEXT, end_of_life TEXT, judged_by TEXT);
CREATE TABLE advisories (
    digest BLOB PRIMARY KEY, feed TEXT, name TEXT, aliases TEXT, scores TEXT, severity TEXT,
    link TEXT, summary TEXT, published TEXT, modified TEXT, withdrawn TEXT
) WITHOUT ROWID;
CREATE TABLE affected (
    advisory BLOB, ecosystem TEXT, package TEXT, by_source INTEGER, severity TEXT, status TEXT,
    ranges TEXT, versions TEXT, arches TEXT, repositories TEXT, remark TEXT
);
CREATE TABLE revisions (feed TEXT, id TEXT, modified TEXT);
CREATE TABLE ratings (feed TEXT, id TEXT, source TEXT, vector TEXT, severity INTEGER);
CREATE TABLE repositories (feed TEXT, id TEXT, cpe TEXT);
CREATE TABLE exploited (feed TEXT, id TEXT, source TEXT, since TEXT, ransomware INTEGER);
CREATE TABLE likelihoods (feed TEXT, id TEXT, probability REAL, percentile REAL, day TEXT);
CREATE TABLE problems (feed TEXT, kind TEXT, path TEXT, message TEXT, count INTEGER);
"""
_EVERY = 1000  # records between two reports of progress


def connect() -> sqlite3.Connection:
    """A private temporary file; nothing commits by itself."""
    return sqlite3.connect("", isolation_level=None)


def stage(
    staging: sqlite3.Connection,
    records: Iterable[tuple[str, Record]],
    progress: Callable[[int], object] | None,
) -> None:
    """Keeps all records in `staging`; `progress` is told their number so far."""
    staging.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
    staging.execute("BEGIN")
    for count, (feed, record) in enumerate(records, start=1):
        try:
            _add(staging, feed, record)
        except UnicodeEncodeError as error:  # a surrogate alone, which JSON can smuggle in
            message = f"a record that is no Unicode text: {error}"
            add_problem(staging, feed, Problem(ProblemKind.INVALID_ADVISORY, "", message))
        if progress and count % _EVERY == 0:
            progress(count)
    _drop_outdated(staging)
    staging.execute("COMMIT")


def _add(staging: sqlite3.Connection, feed: str, record: Record) -> None:
    staging.execute("INSERT OR IGNORE INTO feeds VALUES (?)", (feed,))
    match record:
        case Advisory():
            _add_advisory(staging, feed, record)
        case Ecosystem(name, scheme, aliases, end_of_life, judged_by):
            row = (feed, name, scheme, canonical(aliases), end_of_life, judged_by)
            staging.execute("INSERT INTO ecosystems VALUES (?, ?, ?, ?, ?, ?)", row)
        case Revision(name, modified):
            staging.execute("INSERT INTO revisions VALUES (?, ?, ?)", (feed, name, modified))
        case Rating(name, score, severity):
            rating = (feed, name, score.source, score.vector, int(severity))
            staging.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?)", rating)
        case Repository(name, cpes):
            links = [(feed, name, cpe) for cpe in cpes]
            staging.executemany("INSERT INTO repositories VALUES (?, ?, ?)", links)
        case Exploited(name, source, since, ransomware):
            seen = (feed, name, source, since, int(ransomware))
            staging.execute("INSERT INTO exploited VALUES (?, ?, ?, ?, ?)", seen)
        case Likelihood(name, probability, percentile, day):
            likely = (feed, name, probability, percentile, day)
            staging.execute("INSERT INTO likelihoods VALUES (?, ?, ?, ?, ?)", likely)
        case Problem(kind, path, message):
            add_problem(staging, feed, Problem(kind, path, message))


def add_problem(staging: sqlite3.Connection, feed: str, problem: Problem, count: int = 1) -> None:
    row = (feed, problem.kind.value, problem.path, problem.message, count)
    staging.execute("INSERT INTO problems VALUES (?, ?, ?, ?, ?)", row)


def _add_advisory(staging: sqlite3.Connection, feed: str, advisory: Advisory) -> None:
    digest = hashlib.sha256(canonical([feed, advisory]).encode()).digest()
    row = (
        digest,
        feed,
        advisory.id,
        canonical(advisory.aliases),
        canonical(advisory.scores),
        advisory.severity,
        advisory.link,
        advisory.summary,
        advisory.published,
        advisory.modified,
        advisory.withdrawn,
    )
    marks = ", ".join("?" * len(row))
    added = staging.execute(f"INSERT OR IGNORE INTO advisories VALUES ({marks})", row)  # noqa: S608 - only marks
    if added.rowcount and not advisory.withdrawn:
        rows = [_affected_row(digest, affected) for affected in advisory.affected]
        staging.executemany("INSERT INTO affected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _drop_outdated(staging: sqlite3.Connection) -> None:
    """Of what was revised only the newest stays."""
    staging.execute(
        """CREATE TEMP TABLE newest AS SELECT feed, id, max(modified) AS modified FROM (
            SELECT * FROM main.revisions
            UNION SELECT advisories.feed, name, advisories.modified FROM main.advisories
            JOIN main.revisions ON revisions.feed = advisories.feed AND revisions.id = name
        ) GROUP BY 1, 2"""
    )
    staging.execute(
        """CREATE TEMP TABLE outdated AS SELECT digest FROM main.advisories
        JOIN newest ON newest.feed = advisories.feed AND newest.id = name
        WHERE advisories.modified < newest.modified"""
    )
    for table, column in (("affected", "advisory"), ("advisories", "digest")):
        staging.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT digest FROM outdated)")  # noqa: S608 - names of ours


def _affected_row(digest: bytes, affected: Affected) -> tuple[object, ...]:
    return (
        digest,
        affected.ecosystem,
        affected.package,
        int(affected.by_source),
        affected.severity,
        affected.status,
        canonical([[item.introduced, item.fixed, item.last_affected] for item in affected.ranges]),
        canonical(affected.versions),
        canonical(sorted(set(affected.arches))),
        canonical(sorted(set(affected.repositories))),
        affected.remark,
    )


def _plain(value: object) -> dict[str, object]:
    """The fields of a dataclass with slots, as all values of the model are."""
    slots: tuple[str, ...] | None = getattr(type(value), "__slots__", None)
    if slots is None:
        raise TypeError(f"{type(value).__name__} is no value of the model")
    return {name: getattr(value, name) for name in slots}


_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"))


def canonical(value: object) -> str:
    """JSON of a value of the model in ASCII, always the same text for equal values."""
    return _ENCODER.encode(value)

"""Where a snapshot's records wait, in a file that SQLite removes by itself, until all of them are there.

Records come in any order, an advisory perhaps before its ecosystem; from here they are read sorted.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence

from careen.model.advisory import Advisory, Affected, Ecosystem, Range, Repository, Revision
from careen.model.problem import Problem, ProblemKind
from careen.model.vulnerability import Enrichment, Exploited, Likelihood, Rating, Rejected

Record = Ecosystem | Advisory | Revision | Repository | Enrichment | Problem

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
CREATE TABLE ratings (
    feed TEXT, id TEXT, source TEXT, vector TEXT, severity INTEGER, modified TEXT
);
CREATE TABLE rejected (feed TEXT, id TEXT, source TEXT, modified TEXT);
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
        case Rating() | Rejected() | Exploited() | Likelihood():
            _add_enrichment(staging, feed, record)
        case Repository(name, cpes):
            links = [(feed, name, cpe) for cpe in cpes]
            staging.executemany("INSERT INTO repositories VALUES (?, ?, ?)", links)
        case Problem(kind, path, message):
            add_problem(staging, feed, Problem(kind, path, message))


def _add_enrichment(staging: sqlite3.Connection, feed: str, said: Enrichment) -> None:
    match said:
        case Rating(name, score, severity, modified):
            rating = (feed, name, score.source, score.vector, int(severity), modified)
            staging.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?)", rating)
        case Rejected(name, source, modified):
            staging.execute("INSERT INTO rejected VALUES (?, ?, ?, ?)", (feed, name, source, modified))
        case Exploited(name, source, since, ransomware):
            seen = (feed, name, source, since, int(ransomware))
            staging.execute("INSERT INTO exploited VALUES (?, ?, ?, ?, ?)", seen)
        case Likelihood(name, probability, percentile, day):
            likely = (feed, name, probability, percentile, day)
            staging.execute("INSERT INTO likelihoods VALUES (?, ?, ?, ?, ?)", likely)


def add_problem(staging: sqlite3.Connection, feed: str, problem: Problem, count: int = 1) -> None:
    row = (feed, problem.kind.value, problem.path, problem.message, count)
    staging.execute("INSERT INTO problems VALUES (?, ?, ?, ?, ?)", row)


def _add_advisory(staging: sqlite3.Connection, feed: str, advisory: Advisory) -> None:
    words = (
        feed,
        advisory.id,
        canonical(advisory.aliases),
        canonical([[score.source, score.vector] for score in advisory.scores]),
        advisory.severity,
        advisory.link,
        advisory.summary,
        advisory.published,
        advisory.modified,
        advisory.withdrawn,
    )
    affected = [_affected_row(each) for each in advisory.affected]
    digest = hashlib.sha256(canonical([words, affected]).encode()).digest()
    added = staging.execute(_ADVISORY, (digest, *words))
    if added.rowcount and not advisory.withdrawn:
        staging.executemany(_AFFECTED, ((digest, *row) for row in affected))


_ADVISORY = "INSERT OR IGNORE INTO advisories VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_AFFECTED = "INSERT INTO affected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


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


def _affected_row(affected: Affected) -> tuple[str | int, ...]:
    return (
        affected.ecosystem,
        affected.package,
        int(affected.by_source),
        affected.severity,
        affected.status,
        _ranges(affected.ranges),
        canonical(affected.versions),
        canonical(sorted(set(affected.arches))),
        canonical(sorted(set(affected.repositories))),
        affected.remark,
    )


def _ranges(ranges: Sequence[Range]) -> str:
    """As `canonical`, which is slow for so many small things."""
    text = json.encoder.encode_basestring_ascii
    said = ",".join(
        f"[{text(each.introduced)},{text(each.fixed)},{text(each.last_affected)}]" for each in ranges
    )
    return f"[{said}]"


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def canonical(value: object) -> str:
    """JSON of plain values in ASCII, always the same text for equal values."""
    return _ENCODER.encode(value) if value else "[]"

"""From the staged records (`main`) to the tables of a snapshot (`final`), each in a fixed order."""

import functools
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from careen.matching import spans, vectors
from careen.matching.order import Order, order_of
from careen.matching.staging import add_problem, canonical
from careen.model.advisory import Range
from careen.model.problem import Problem, ProblemKind
from careen.model.severity import Severity
from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

_CACHED = 100_000  # keys of a scheme: PyPI enumerates 600,000 versions, most of them many times
_NONE = "[]"  # an empty list as JSON


def write_ecosystems(database: sqlite3.Connection, today: date) -> None:
    """Where two feeds declare the same ecosystem the first in order counts; an alias never hides a name."""
    rows = database.execute(
        """SELECT name, scheme, feed, end_of_life, aliases, judged_by
        FROM main.ecosystems ORDER BY 1, 3, 2, 4, 5, 6"""
    )
    aliases = []
    for name, scheme, feed, end_of_life, other_names, judged_by in rows.fetchall():
        if scheme not in BY_NAME:
            _add_problem(database, feed, f"{name}: careen has no version scheme {scheme!r}")
            continue
        ended = bool(end_of_life) and end_of_life < today.isoformat()
        row = (name, scheme, feed, end_of_life, ended)
        database.execute("INSERT OR IGNORE INTO final.ecosystems VALUES (?, ?, ?, ?, ?)", row)
        aliases += [(alias, judged_by or name) for alias in json.loads(other_names)]
        aliases += [(name, judged_by)] if judged_by else []
    database.execute(
        """INSERT INTO final.names SELECT name, name FROM final.ecosystems
        WHERE name NOT IN (SELECT name FROM main.ecosystems WHERE judged_by <> '') ORDER BY name"""
    )
    database.executemany("INSERT OR IGNORE INTO final.names VALUES (?, ?)", sorted(aliases))


def write_advisories(database: sqlite3.Connection) -> None:
    """Numbered in the order of their digests, which says nothing of the order in which they came."""
    database.execute("CREATE TABLE main.numbers (digest BLOB PRIMARY KEY, id INTEGER) WITHOUT ROWID")
    database.execute(
        "INSERT INTO main.numbers SELECT digest, row_number() OVER (ORDER BY digest) FROM main.advisories"
    )
    rows = database.execute(
        """SELECT id, digest, feed, name, aliases, scores, severity, link, summary, published, modified,
        withdrawn FROM main.advisories JOIN main.numbers USING (digest) ORDER BY id"""
    )
    rate = functools.lru_cache(_CACHED)(vectors.of_vector)
    database.executemany(
        "INSERT INTO final.advisories VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((*row[:5], _rated(database, row, rate), *row[6:]) for row in rows),
    )


def _rated(database: sqlite3.Connection, row: tuple[str, ...], rate: Callable[[str], Severity]) -> str:
    """The scores of an advisory with the severity that each vector means, as JSON."""
    _, _, feed, name, _, scores, *_ = row
    rated = []
    for source, vector in json.loads(scores):
        try:
            rated.append([source, vector, rate(vector)])
        except vectors.InvalidVector as error:
            _add_problem(database, feed, f"{name}: {error.message}")
    return canonical(rated)


def write_ranges(database: sqlite3.Connection) -> None:
    database.execute(
        """INSERT INTO final.packages
        SELECT row_number() OVER (ORDER BY ecosystem, package, by_source), ecosystem, package, by_source
        FROM (SELECT DISTINCT names.ecosystem, package, by_source FROM main.affected AS affected
              JOIN final.names AS names ON names.name = affected.ecosystem) ORDER BY 1"""
    )
    database.execute(
        """INSERT INTO final.conditions
        SELECT row_number() OVER (ORDER BY arches, repositories, remark), arches, repositories, remark
        FROM (SELECT DISTINCT arches, repositories, remark FROM main.affected
              WHERE arches <> '[]' OR repositories <> '[]' OR remark <> '') ORDER BY 1"""
    )
    database.execute(
        """CREATE TABLE main.condition_numbers AS
        SELECT id, arches, repositories, remark FROM final.conditions"""
    )
    database.execute("CREATE INDEX main.by_condition ON condition_numbers (arches, repositories, remark)")
    orders = {(name, by_source): _cached(name, by_source) for name in BY_NAME for by_source in (0, 1)}
    database.executemany(
        "INSERT OR IGNORE INTO final.ranges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row
            for entry in _entries(database)
            for row in _range_rows(database, entry, orders[entry.scheme, entry.by_source])
        ),
    )


def _cached(scheme: str, by_source: int) -> Order:
    cache, order = functools.lru_cache(_CACHED), order_of(scheme, by_source=bool(by_source))
    return Order(cache(order.key), cache(order.after))


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one advisory says of one package."""

    package: int
    advisory: int
    scheme: str
    feed: str
    title: str  # for people: "CVE-2024-1: openssl"
    severity: str
    status: str
    ranges: str  # JSON
    versions: str  # JSON
    condition: int  # 0 = none
    by_source: int


def _entries(database: sqlite3.Connection) -> Iterator[_Entry]:
    rows = database.execute(
        """SELECT packages.id, numbers.id, ecosystems.scheme, advisories.feed,
        advisories.name || ': ' || packages.name,
        affected.severity, affected.status, affected.ranges, affected.versions, coalesce(conditions.id, 0),
        affected.by_source
        FROM main.affected AS affected
        JOIN final.names AS names ON names.name = affected.ecosystem
        JOIN final.ecosystems AS ecosystems ON ecosystems.name = names.ecosystem
        JOIN final.packages AS packages ON packages.ecosystem = names.ecosystem
            AND packages.name = affected.package AND packages.by_source = affected.by_source
        JOIN main.advisories AS advisories ON advisories.digest = affected.advisory
        JOIN main.numbers AS numbers ON numbers.digest = affected.advisory
        LEFT JOIN main.condition_numbers AS conditions ON conditions.arches = affected.arches
            AND conditions.repositories = affected.repositories AND conditions.remark = affected.remark
        ORDER BY 1, 2, 6, 7, 8, 9, 10"""
    )
    return (_Entry(*row) for row in rows)


def _range_rows(database: sqlite3.Connection, entry: _Entry, order: Order) -> Iterator[tuple[object, ...]]:
    known: list[spans.Span] = []
    for introduced, fixed, last_affected in json.loads(entry.ranges):
        try:
            found = spans.span(Range(introduced, fixed, last_affected), order)
        except (InvalidVersion, spans.EmptyRange) as error:
            _add_unreadable(database, entry, error.message)
        else:
            known += [found] if found else []
    listed = json.loads(entry.versions) if entry.versions != _NONE else ()
    singles = list(spans.points(listed, known, order))
    invalid = [single for single in singles if isinstance(single, InvalidVersion)]
    if invalid:
        # No version that is installed can be one of these, so only the feed is told.
        _add_problem(database, entry.feed, f"{entry.title}: {invalid[0].message}", len(invalid))
    for span in known + [single for single in singles if isinstance(single, spans.Span)]:
        texts = (span.range.introduced, span.range.fixed, span.range.last_affected)
        yield (entry.package, span.high, span.low, entry.advisory, *texts, *_terms(entry))


def _terms(entry: _Entry) -> tuple[object, ...]:
    return entry.severity, entry.status, entry.condition


def write_rest(database: sqlite3.Connection) -> None:
    database.execute(
        """INSERT INTO main.problems SELECT advisories.feed, ?, '',
        'advisories for ' || affected.ecosystem || ', an ecosystem that no feed declares', count(*)
        FROM main.affected AS affected JOIN main.advisories AS advisories ON advisories.digest = advisory
        WHERE affected.ecosystem NOT IN (SELECT name FROM final.names)
        GROUP BY advisories.feed, affected.ecosystem""",
        (ProblemKind.INVALID_ADVISORY.value,),
    )
    database.execute(
        "INSERT INTO final.repositories SELECT DISTINCT id, cpe FROM main.repositories ORDER BY 1, 2"
    )
    _write_enrichments(database)
    database.execute(
        """INSERT INTO final.problems SELECT feed, kind, path, message, sum(count) FROM main.problems
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
    )
    database.execute(
        """INSERT INTO final.feeds SELECT name,
        (SELECT count(*) FROM main.advisories WHERE feed = feeds.name),
        (SELECT count(*) FROM main.advisories WHERE feed = feeds.name AND withdrawn <> ''),
        (SELECT count(DISTINCT id) FROM main.ratings WHERE feed = feeds.name)
        + (SELECT count(DISTINCT id) FROM main.rejected WHERE feed = feeds.name)
        + (SELECT count(DISTINCT id) FROM main.repositories WHERE feed = feeds.name)
        + (SELECT count(DISTINCT id) FROM main.exploited WHERE feed = feeds.name)
        + (SELECT count(DISTINCT id) FROM main.likelihoods WHERE feed = feeds.name),
        (SELECT coalesce(sum(count), 0) FROM final.problems WHERE feed = feeds.name)
        FROM main.feeds AS feeds ORDER BY name"""
    )


def _write_enrichments(database: sqlite3.Connection) -> None:
    """Only of what some advisory names, the others could never be asked for; of each feed its newest word."""
    database.execute(
        """CREATE TABLE main.named AS SELECT name AS id FROM main.advisories
        UNION SELECT value FROM main.advisories, json_each(aliases)"""
    )
    database.execute("CREATE UNIQUE INDEX main.by_name ON named (id)")
    database.execute(
        """CREATE TABLE main.newest AS SELECT feed, id, max(modified) AS modified
        FROM (SELECT feed, id, modified FROM main.ratings
              UNION ALL SELECT feed, id, modified FROM main.rejected)
        WHERE id IN main.named GROUP BY feed, id"""
    )
    database.execute("CREATE UNIQUE INDEX main.by_id ON newest (feed, id, modified)")
    for statement in _ENRICHMENTS:
        database.execute(statement)


_ENRICHMENTS = (
    """INSERT INTO final.ratings SELECT DISTINCT id, source, vector, severity
    FROM main.ratings JOIN main.newest USING (feed, id, modified) ORDER BY 1, 2, 3, 4""",
    """INSERT INTO final.rejected SELECT DISTINCT id, source
    FROM main.rejected JOIN main.newest USING (feed, id, modified) ORDER BY 1, 2""",
    """INSERT INTO final.exploited SELECT DISTINCT id, source, since, ransomware
    FROM main.exploited WHERE id IN main.named ORDER BY 1, 2, 3, 4""",
    """INSERT INTO final.likelihoods SELECT DISTINCT id, probability, percentile, day
    FROM main.likelihoods WHERE id IN main.named ORDER BY 1, 4, 2, 3""",
)


def _add_unreadable(database: sqlite3.Connection, entry: _Entry, reason: str) -> None:
    row = (entry.package, entry.advisory, reason)
    database.execute("INSERT OR IGNORE INTO final.unreadable VALUES (?, ?, ?)", row)
    _add_problem(database, entry.feed, f"{entry.title}: {reason}")


def _add_problem(database: sqlite3.Connection, feed: str, message: str, count: int = 1) -> None:
    add_problem(database, feed, Problem(ProblemKind.INVALID_ADVISORY, "", message), count)

"""The statements that a snapshot is asked with, and what their rows mean."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from careen.matching import severity
from careen.matching.records import Condition, Covered, Facts, Hit, Record
from careen.model.digest import Digest
from careen.model.severity import Severity
from careen.model.vulnerability import Exploited, Likelihood

Row = Sequence[Any]
SEVERITIES = {level.value: level for level in Severity}  # a dict is five times as fast as the enumeration

# Lists come as JSON, so that one statement answers for all that are asked, one after the other and each in
# the order of its table's primary key; `key` is the place in the list.
PACKAGES = """
SELECT asked.key, packages.id
FROM json_each(?) AS asked
CROSS JOIN packages ON packages.ecosystem = json_extract(asked.value, '$[0]')
    AND packages.name = json_extract(asked.value, '$[1]') AND by_source = json_extract(asked.value, '$[2]')
"""
AFFECTING = """
SELECT advisory, introduced, fixed, last_affected, high, severity, status, condition
FROM ranges WHERE package = ? AND high > ? AND low <= ?
"""
RECORDS = """
SELECT advisories.id, digest, feed, name, aliases, scores, severity, link, modified
FROM json_each(?) AS asked CROSS JOIN advisories ON advisories.id = asked.value
"""
CONDITIONS = """
SELECT conditions.id, arches, repositories, remark
FROM json_each(?) AS asked CROSS JOIN conditions ON conditions.id = asked.value
"""
UNREADABLE = """
SELECT unreadable.package, advisories.name, reason
FROM json_each(?) AS asked
CROSS JOIN unreadable ON unreadable.package = asked.value
CROSS JOIN advisories ON advisories.id = unreadable.advisory
ORDER BY 1, 2, 3
"""
RATINGS = """
SELECT ratings.id, source, vector, severity FROM json_each(?) AS asked CROSS JOIN ratings
    ON ratings.id = asked.value
"""
EXPLOITED = """
SELECT exploited.id, source, since, ransomware FROM json_each(?) AS asked CROSS JOIN exploited
    ON exploited.id = asked.value
"""
LIKELIHOODS = """
SELECT likelihoods.id, probability, percentile, day FROM json_each(?) AS asked CROSS JOIN likelihoods
    ON likelihoods.id = asked.value
ORDER BY 1, 4 DESC, 2, 3
"""
REJECTED = """
SELECT rejected.id, source FROM json_each(?) AS asked CROSS JOIN rejected ON rejected.id = asked.value
"""
FACTS = (RATINGS, EXPLOITED, LIKELIHOODS, REJECTED)
ECOSYSTEM = """
SELECT judge.name, judge.scheme, judge.feed,
       coalesce(own.end_of_life, judge.end_of_life), coalesce(own.ended, judge.ended)
FROM names
JOIN ecosystems AS judge ON judge.name = names.ecosystem
LEFT JOIN ecosystems AS own ON own.name = names.name
WHERE names.name = ?
"""
NAMED = """
SELECT id, digest, feed, name, aliases, scores, severity, link, modified, withdrawn
FROM advisories WHERE lower(name) = lower(?) OR instr(lower(aliases), lower(?)) ORDER BY id
"""
STATEMENTS = """
SELECT advisory, ecosystem, name, by_source, low,
       advisory, introduced, fixed, last_affected, high, severity, status, condition
FROM ranges JOIN packages ON packages.id = ranges.package
WHERE advisory IN (SELECT value FROM json_each(?))
ORDER BY 1, 2, 3, 4, high, low, 7, 8, 9, 11, 12, 13
"""


def covered(row: Row) -> Covered:
    name, scheme, feed, end_of_life, ended = row
    return Covered(name, scheme, feed, end_of_life, bool(ended))


def record(row: Row) -> Record:
    """Of the columns of an advisory from its digest on."""
    sha256, feed, name, aliases, scores, word, link, modified = row
    rated = json.loads(scores) if scores != "[]" else ()
    levels = ((source, vector, SEVERITIES[level]) for source, vector, level in rated)
    return Record(
        Digest(f"sha256:{sha256.hex()}"),
        feed,
        name,
        tuple(json.loads(aliases)) if aliases != "[]" else (),
        tuple(severity.of_advisory(feed, word, levels)),
        link,
        modified,
    )


def hit(
    row: Row, records: Mapping[int, Record], conditions: Mapping[int, Condition], *, by_source: bool
) -> Hit:
    """Of the columns of AFFECTING."""
    number, introduced, fixed, last_affected, high, word, status, condition = row
    arches, repositories, remark = conditions[condition]
    record = records[number]
    return Hit(
        record,
        introduced,
        fixed,
        last_affected,
        high,
        word,
        status,
        by_source,
        arches,
        repositories,
        remark,
    )


def condition(row: Row) -> Condition:
    arches, repositories, remark = row
    return tuple(json.loads(arches)), tuple(json.loads(repositories)), remark


def facts(
    ratings: Iterable[Row], exploited: Iterable[Row], likelihoods: Sequence[Row], rejected: Iterable[Row]
) -> Facts:
    """Of the rows of FACTS for one vulnerability."""
    return Facts(
        [severity.of_rating(source, vector, SEVERITIES[level]) for _, source, vector, level in ratings],
        [Exploited(id_, source, since, bool(used)) for id_, source, since, used in exploited]
        if exploited
        else (),
        Likelihood._make(likelihoods[0]) if likelihoods else None,
        [source for _, source in rejected] if rejected else (),
    )

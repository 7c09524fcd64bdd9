"""Which severity a finding gets: the vendor's word, then the advisory's own, then NVD's rating.

Of CVSS version 4 goes before 3, and 3 before 2 (vectors.py says what a vector means).
Every candidate is kept, so that a result can say what was chosen and why.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from careen.matching.records import Candidate, Hit
from careen.model.severity import Severity

_WORDS = {
    "unimportant": Severity.NEGLIGIBLE,
    "negligible": Severity.NEGLIGIBLE,
    "none": Severity.NEGLIGIBLE,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "critical": Severity.CRITICAL,
}
_VERSIONS = {"CVSS:3": 3, "CVSS:4": 4}


Scored = tuple[str, str, Severity]  # source, CVSS vector, what it means

REASONS = (
    "the vendor's word for this package",
    "the advisory's own CVSS score",
    "the advisory's own word",
    "a rating of the vulnerability",
)
_PACKAGE, _SCORE, _ADVISORY, _RATING = range(len(REASONS))  # ranks


@functools.lru_cache(1_000)
def of_word(word: str) -> Severity | None:
    """None for a word that decides nothing, such as Debian's "not yet assigned"."""
    return _WORDS.get(word.strip().rstrip("*").casefold())


def cvss_version(says: str) -> int:
    """0 for a word, and 2 for a vector without a prefix."""
    return _VERSIONS.get(says[:6]) or (2 if says.startswith("AV:") else 0)


def of_advisory(feed: str, word: str, scores: Iterable[Scored]) -> Iterator[Candidate]:
    """What an advisory says of itself."""
    for source, vector, level in scores:
        yield Candidate(_SCORE, -cvss_version(vector), level, source, vector)
    if meant := of_word(word):
        yield Candidate(_ADVISORY, 0, meant, feed, word)


def of_rating(source: str, vector: str, level: Severity) -> Candidate:
    """What somebody says of a vulnerability as such."""
    return Candidate(_RATING, -cvss_version(vector), level, source, vector)


def opinions(hits: Iterable[Hit], ratings: Iterable[Candidate]) -> list[Candidate]:
    """All that is said of a finding, of which the least counts."""
    found = [*ratings]
    for hit in hits:
        found += hit.record.opinions
        if level := of_word(hit.severity):
            found.append(Candidate(_PACKAGE, 0, level, hit.record.feed, hit.severity))
    return found


def chosen(opinions: Sequence[Candidate]) -> Severity:
    return min(opinions).severity if opinions else Severity.UNDEFINED


def told(opinions: Iterable[Candidate]) -> list[Mapping[str, object]]:
    """Each of them once as values for JSON, with what it is, and which one counts."""
    ordered = sorted(set(opinions))
    return [
        {
            "severity": candidate.severity.name,
            "source": candidate.source,
            "says": candidate.says,
            "because": REASONS[candidate.rank],
            "chosen": candidate is ordered[0],
        }
        for candidate in ordered
    ]

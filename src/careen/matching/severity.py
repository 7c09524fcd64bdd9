"""Which severity a finding gets: the vendor's word, then the advisory's own, then NVD's rating.

Of CVSS version 4 goes before 3, and 3 before 2 (vectors.py says what a vector means).
Every candidate is kept, so that a result can say what was chosen and why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from careen.matching.records import Hit
from careen.model.severity import Severity
from careen.model.vulnerability import Rating

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

REASONS = (
    "the vendor's word for this package",
    "the advisory's own CVSS score",
    "the advisory's own word",
    "a rating of the vulnerability",
)


class Candidate(NamedTuple):
    """One source's opinion. A finding's least counts: within a rank the newer CVSS, and then the worse."""

    rank: int  # index into REASONS
    age: int  # of its kind of CVSS vector: the negative of the version; 0 for a word
    severity: Severity
    source: str  # "debian", "GHSA", "NVD"
    says: str  # its word or CVSS vector


def of_word(word: str) -> Severity | None:
    """None for a word that decides nothing, such as Debian's "not yet assigned"."""
    return _WORDS.get(word.strip().rstrip("*").casefold())


def cvss_version(says: str) -> int:
    """0 for a word, and 2 for a vector without a prefix."""
    if says.startswith("CVSS:"):
        return int(says[5]) if says[5:6] in ("3", "4") else 0
    return 2 if says.startswith("AV:") else 0


def candidates(hits: Iterable[Hit], ratings: Iterable[Rating]) -> Iterator[Candidate]:
    """All opinions of a finding's advisories, and of those who rate the vulnerability as such."""
    for hit in hits:
        record = hit.record
        for rank, word in ((0, hit.severity), (2, record.severity)):
            level = of_word(word) if word else None
            if level is not None:
                yield Candidate(rank, 0, level, record.feed, word)
        for source, vector, level in record.scores:
            yield Candidate(1, -cvss_version(vector), level, source, vector)
    for _, (source, vector), level, _ in ratings:
        yield Candidate(3, -cvss_version(vector), level, source, vector)


def ordered(opinions: Iterable[Candidate]) -> Sequence[Candidate]:
    """Each once, the one that counts first."""
    return sorted(set(opinions))


def chosen(opinions: Iterable[Candidate]) -> Severity:
    counts = min(opinions, default=None)
    return counts.severity if counts else Severity.UNDEFINED


def told(opinions: Sequence[Candidate]) -> list[Mapping[str, object]]:
    """All of them as values for JSON, each with what it is, and which one counts."""
    return [
        {
            "severity": candidate.severity.name,
            "source": candidate.source,
            "says": candidate.says,
            "because": REASONS[candidate.rank],
            "chosen": candidate is opinions[0],
        }
        for candidate in opinions
    ]

"""Which severity a finding gets: the vendor's word, then the advisory's own, then NVD's rating.

Of CVSS version 4 goes before 3, and 3 before 2 (vectors.py says what a vector means).
Every candidate is kept, so that a result can say what was chosen and why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from careen.matching.records import Hit
from careen.model.advisory import Rating
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

REASONS = (
    "the vendor's word for this package",
    "the advisory's own CVSS score",
    "the advisory's own word",
    "a rating of the vulnerability",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source's opinion; of the candidates of a finding the first in order counts."""

    rank: int  # index into REASONS
    severity: Severity
    source: str  # "debian", "GHSA", "NVD"
    says: str  # its word or CVSS vector

    @property
    def order(self) -> tuple[int, int, Severity, str, str]:
        """Within a rank the newer CVSS counts, and then the worse severity."""
        return (self.rank, -cvss_version(self.says), self.severity, self.source, self.says)


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
                yield Candidate(rank, level, record.feed, word)
        yield from (Candidate(1, level, source, vector) for source, vector, level in record.scores)
    for rating in ratings:
        yield Candidate(3, rating.severity, rating.score.source, rating.score.vector)


def ordered(opinions: Iterable[Candidate]) -> Sequence[Candidate]:
    """Each once, the one that counts first."""
    every = list(opinions)
    return sorted(set(every), key=lambda candidate: candidate.order) if len(every) > 1 else every


def chosen(opinions: Sequence[Candidate]) -> Severity:
    return opinions[0].severity if opinions else Severity.UNDEFINED


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

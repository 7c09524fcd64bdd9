"""Which severity a finding gets: the vendor's word, then the advisory's own, then NVD's rating.

CVSS by first.org; version 4 goes before 3, 3 before 2; CRITICAL from 9, HIGH from 7, MEDIUM from 4.
Every candidate is kept, so that a result can say what was chosen and why.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from careen.errors import Invalid
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
_THRESHOLDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
_LONGEST_VECTOR = 500  # characters


REASONS = (
    "the vendor's word for this package",
    "the advisory's own CVSS score",
    "the advisory's own word",
    "a rating of the vulnerability",
)


class InvalidVector(Invalid): ...


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
        return (self.rank, -_cvss_version(self.says), self.severity, self.source, self.says)


def of_word(word: str) -> Severity | None:
    """None for a word that decides nothing, such as Debian's "not yet assigned"."""
    return _WORDS.get(word.strip().rstrip("*").casefold())


def of_vector(vector: str) -> Severity:
    """The severity of a CVSS vector's base score; raises InvalidVector."""
    if len(vector) > _LONGEST_VECTOR:
        raise InvalidVector(f"a CVSS vector of {len(vector)} characters")
    parse = {4: CVSS4, 3: CVSS3}.get(_cvss_version(vector), CVSS2)
    try:
        score = float(parse(vector).base_score)
    except CVSSError as error:
        raise InvalidVector(f"{vector!r} is not a CVSS vector: {error}") from None
    return next((severity for least, severity in _THRESHOLDS if score >= least), Severity.NEGLIGIBLE)


def _cvss_version(says: str) -> int:
    """0 for a word, and 2 for a vector without a prefix."""
    if says.startswith("CVSS:"):
        return int(says[5]) if says[5:6] in ("3", "4") else 0
    return 2 if says.startswith("AV:") else 0


def candidates(hits: Iterable[Hit], ratings: Iterable[Rating]) -> Iterator[Candidate]:
    """All opinions of a finding's advisories, and of those who rate the vulnerability as such."""
    for hit in hits:
        record = hit.record
        for rank, word in ((0, hit.severity), (2, record.severity)):
            level = of_word(word)
            if level is not None:
                yield Candidate(rank, level, record.feed, word)
        yield from (Candidate(1, level, source, vector) for source, vector, level in record.scores)
    for rating in ratings:
        yield Candidate(3, rating.severity, rating.score.source, rating.score.vector)


def choose(opinions: Iterable[Candidate]) -> tuple[Severity, list[Mapping[str, object]]]:
    """The severity that counts, and all opinions in order, each with what it is and the chosen one marked."""
    ordered = sorted(set(opinions), key=lambda candidate: candidate.order)
    severity = ordered[0].severity if ordered else Severity.UNDEFINED
    return severity, [
        {
            "severity": candidate.severity.name,
            "source": candidate.source,
            "says": candidate.says,
            "because": REASONS[candidate.rank],
            "chosen": candidate is ordered[0],
        }
        for candidate in ordered
    ]

"""What a snapshot answers with: thousands of values for an image, so named tuples, which are made fast."""

from collections.abc import Sequence
from typing import NamedTuple

from careen.model.digest import Digest
from careen.model.severity import Severity
from careen.model.vulnerability import Exploited, Likelihood


class Covered(NamedTuple):
    """An ecosystem that the snapshot has advisories for."""

    name: str
    scheme: str
    feed: str
    end_of_life: str  # ISO date; "" = not known
    ended: bool  # on the day on which the snapshot was built


class Source(NamedTuple):
    """A feed, and how much of it is in the snapshot."""

    name: str
    advisories: int
    withdrawn: int
    ratings: int
    problems: int


class Candidate(NamedTuple):
    """One source's opinion of a severity.

    A finding's least counts: within a rank the newer CVSS, and then the worse.
    """

    rank: int  # as severity.py says
    age: int  # of its kind of CVSS vector: the negative of the version; 0 for a word
    severity: Severity
    source: str  # "debian", "GHSA", "NVD"
    says: str  # its word or CVSS vector


class Record(NamedTuple):
    """An advisory as a feed gave it, without what it says of packages."""

    digest: Digest
    feed: str
    id: str
    aliases: tuple[str, ...]
    opinions: tuple[Candidate, ...]  # of its scores and its own word
    link: str
    modified: str

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.id, *self.aliases)


# Architectures and repositories whose builds are meant, and a remark for people; see Hit.
Condition = tuple[tuple[str, ...], tuple[str, ...], str]
NO_CONDITION: Condition = ((), (), "")


class Hit(NamedTuple):
    """A range of an advisory that the asked version lies in."""

    record: Record
    introduced: str  # these three as Range has them
    fixed: str
    last_affected: str
    high: bytes  # key of the fixed version, where the range has one
    severity: str  # the vendor's word for the package
    status: str
    by_source: bool  # said of the source package
    arches: tuple[str, ...] = ()  # of the builds that are meant; () = of any
    repositories: tuple[str, ...] = ()  # CPEs of the repositories whose builds are meant; () = of any
    remark: str = ""


class Statement(NamedTuple):
    """A range of an advisory, and of which package it is said."""

    ecosystem: str
    package: str
    by_source: bool
    low: bytes
    hit: Hit


class Named(NamedTuple):
    """An advisory with all that it says."""

    record: Record
    withdrawn: str  # RFC 3339; "" = in force
    statements: tuple[Statement, ...]


class Facts(NamedTuple):
    """What is said of one vulnerability as such."""

    ratings: Sequence[Candidate]
    exploited: Sequence[Exploited]
    likelihood: Likelihood | None  # the newest
    rejected: Sequence[str]  # who says that the id was taken back

"""What passes between the network, a feed and the job that keeps its documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from careen.errors import Exhausted, Invalid, NotFound, Unavailable


class NotPublished(NotFound):
    """The upstream, or the mirror, has no such document."""


class Unreachable(Unavailable):
    """The document could not be had this time."""


class TooLarge(Exhausted): ...


class InvalidDocument(Invalid):
    """A document that is, as a whole, not what its upstream publishes."""


@dataclass(frozen=True, slots=True)
class Document:
    """A copy of an upstream's document."""

    url: str  # the upstream's, also where the copy came from a mirror
    path: Path
    sha256: str  # hexadecimal
    etag: str = ""  # as the header says; "" = none
    last_modified: str = ""  # as the header says; "" = none
    is_window: bool = False  # holds what is new of late: it may grow and shrink as it likes


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a feed has: a folder for its documents, and the last good one of each URL."""

    folder: Path
    documents: Mapping[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    url: str
    message: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """Documents that are new or have changed, those that could not be had, and those to be dropped."""

    documents: tuple[Document, ...] = ()
    failures: tuple[Failure, ...] = ()
    gone: tuple[str, ...] = ()  # URLs of documents that are not needed any more: others say the same

    def as_windows(self, *urls: str) -> "Fetched":
        """With those documents marked as windows; without `urls` all of them."""
        marked = (replace(each, is_window=not urls or each.url in urls) for each in self.documents)
        return replace(self, documents=tuple(marked))

"""What has been changed in images, tags and repositories, for those who want to know while it happens.

A door watches while it answers; what is changed meanwhile, in its threads too, is told to it. What is rolled
back is told as well: the watcher knows whether the work failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from careen.model.registry import Image, Repository


@dataclass(frozen=True, slots=True)
class RepositoryMade:
    repository: Repository


@dataclass(frozen=True, slots=True)
class ImageStored:
    image: Image


@dataclass(frozen=True, slots=True)
class ImageDeleted:
    image: Image  # with the tags that it had


@dataclass(frozen=True, slots=True)
class TagSet:
    image: Image
    tag: str


@dataclass(frozen=True, slots=True)
class TagRemoved:
    image: Image  # that had it
    tag: str


Change = RepositoryMade | ImageStored | ImageDeleted | TagSet | TagRemoved

_watched: ContextVar[list[Change] | None] = ContextVar("journal", default=None)


@contextmanager
def watching() -> Iterator[list[Change]]:
    """The changes as they come."""
    changes: list[Change] = []
    token = _watched.set(changes)
    try:
        yield changes
    finally:
        _watched.reset(token)


def is_watched() -> bool:
    """Whether it is worth finding out what to note."""
    return _watched.get() is not None


def note(change: Change) -> None:
    changes = _watched.get()
    if changes is not None:
        changes.append(change)

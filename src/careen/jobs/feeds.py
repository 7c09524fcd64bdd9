"""Refreshes the feeds: fetches what is new, keeps the last good documents, builds and activates a snapshot.

Whatever cannot be had, cannot be read or has shrunk suspiciously leaves the last good copy in its place, and
the report says so. It may be killed at any moment and be started again.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import structlog

from careen.errors import Error, Invalid, Unavailable
from careen.feeds import Upstream
from careen.feeds.http import Http
from careen.jobs.feed_bounds import Bounds, Tally
from careen.jobs.feed_documents import Kept, Shelf, write
from careen.jobs.feed_status import FeedStatus, Report
from careen.matching.builder import build
from careen.matching.files import activate, current
from careen.matching.schema import VERSION
from careen.matching.staging import Record
from careen.model.advisory import Advisory, Ecosystem
from careen.model.problem import Problem

log = structlog.get_logger(__name__)

Progress = Callable[[str], object]

_LONGEST = 300  # characters of a fault that is told
_PARALLEL = 4  # feeds that are fetched at once
_BUILT = "built.json"  # what the active snapshot was made of
_RECIPE = 6  # raised when a feed's parser says something else of the same document
_TELL_EVERY = 20_000  # records
_SHOWN = 3  # reasons for which there is nothing at all


class _Refused(Exception):
    """Documents that must not be built from, each with the reason."""

    def __init__(self, documents: Sequence[tuple[Shelf, str, str]]) -> None:
        super().__init__()
        self.documents = documents


def update(  # noqa: PLR0913 - what to read, where to keep it, and five options
    feeds: Sequence[Upstream],
    http: Http,
    folder: Path,
    snapshots: Path,
    *,
    only: Sequence[str] = (),
    accept: Collection[str] = (),
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    today: date,
    progress: Progress = lambda _: None,
) -> Report:
    """Makes the snapshot in `snapshots` say what `feeds` say; their documents are kept in `folder`.

    `only` names the feeds to fetch; of the others the kept documents are used. `accept` names those whose
    documents are taken though they shrank or are hard to read, beyond `bounds`. One update at a time works
    in a folder, others wait. Raises Invalid for a name that no feed has, and Unavailable when there is
    nothing at all to build from.
    """
    chosen = _chosen(feeds, only)
    _chosen(feeds, tuple(accept))
    with _alone(folder):
        work = _Update(feeds, folder, snapshots, today, progress)
        work.fetch(chosen, http, accept)
        path, built = work.snapshot(bounds, accept)
        return Report(tuple(FeedStatus.of(name, shelf) for name, shelf in work.shelves.items()), path, built)


def status(feeds: Sequence[Upstream], folder: Path) -> tuple[FeedStatus, ...]:
    """Of every feed what `folder` holds; nothing is fetched."""
    return tuple(FeedStatus.of(feed.NAME, Shelf.open(folder / feed.NAME)) for feed in feeds)


def adopt(feeds: Sequence[Upstream], folder: Path, snapshots: Path) -> None:
    """Notes that the active snapshot is newer than the documents in `folder`, until others come."""
    with _alone(folder):
        work = _Update(feeds, folder, snapshots, date.min, lambda _: None)
        work.adopt()


def _chosen(feeds: Sequence[Upstream], only: Sequence[str]) -> list[Upstream]:
    names = [feed.NAME for feed in feeds]
    for name in only:
        if name not in names:
            raise Invalid(f"there is no feed {name!r}; there are {', '.join(names)}")
    return [feed for feed in feeds if not only or feed.NAME in only]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Update:
    """The work of one update on the shelves of all feeds."""

    def __init__(
        self, feeds: Sequence[Upstream], folder: Path, snapshots: Path, today: date, progress: Progress
    ) -> None:
        self.shelves = {feed.NAME: Shelf.open(folder / feed.NAME) for feed in feeds}
        self._feeds = feeds
        self._built = folder / _BUILT
        self._snapshots = snapshots
        self._today = today
        self._progress = progress

    def fetch(self, chosen: Sequence[Upstream], http: Http, accept: Collection[str]) -> None:
        for shelf in self.shelves.values():
            shelf.resume()
        for name in accept:
            self.shelves[name].forget_refusals()
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for _ in pool.map(lambda feed: self._fetch(feed, http), chosen):
                pass  # a fault that is no Error of ours comes up here

    def _fetch(self, feed: Upstream, http: Http) -> None:
        self._progress(f"{feed.NAME}: asking for what is new")
        shelf = self.shelves[feed.NAME]
        try:
            shelf.take(feed.fetch(http, shelf.cursor(http.place)), http.place)
            shelf.note()
        except Error as error:
            shelf.fail(feed.NAME, error.message)
        except Exception as error:  # the edge of a worker: one feed's fault must not keep back the others
            log.exception("a feed cannot be fetched", feed=feed.NAME)
            shelf.fail(feed.NAME, f"a fault of careen: {error!r}"[:_LONGEST])
        missing = f", {len(shelf.errors)} could not be had" if shelf.errors else ""
        self._progress(f"{feed.NAME}: {len(shelf.fresh)} new documents{missing}")

    def snapshot(self, bounds: Bounds, accept: Collection[str]) -> tuple[Path, bool]:
        """The active snapshot in the end, and whether it is a new one."""
        active = current(self._snapshots)
        while any(shelf.kept for shelf in self.shelves.values()) and not self._is_built(active):
            try:
                return self._build(bounds, accept), True
            except _Refused as refused:
                for shelf, url, reason in refused.documents:
                    shelf.refuse(url, reason)
        self._save({})
        if active is None:
            failures = [reason for shelf in self.shelves.values() for reason in shelf.errors.values()]
            raise Unavailable("there are no advisories at all: " + "; ".join(failures[:_SHOWN]))
        return active, False

    def _build(self, bounds: Bounds, accept: Collection[str]) -> Path:
        tallies: dict[str, Tally] = {}
        path = build(
            self._records(tallies, bounds, accept),
            self._snapshots,
            today=self._today,
            progress=self._tell,
        )
        activate(self._snapshots, path)
        self._save(tallies)
        write(self._built, json.dumps({"from": self._digest(), "snapshot": path.name}))
        return path

    def _tell(self, count: int) -> None:
        if count % _TELL_EVERY == 0:
            self._progress(f"building the snapshot: {count} records")

    def _records(
        self, tallies: dict[str, Tally], bounds: Bounds, accept: Collection[str]
    ) -> Iterator[tuple[str, Record]]:
        """All that the kept documents say; raises _Refused in the end, for all that must not count."""
        refused = []
        for feed in self._feeds:
            shelf = self.shelves[feed.NAME]
            for url, kept in sorted(shelf.kept.items()):
                tally = tallies[url] = Tally()
                try:
                    yield from ((feed.NAME, record) for record in _read(feed, url, kept, tally))
                except Invalid as error:
                    refused.append((shelf, url, error.message))
                    continue
                reason = "" if feed.NAME in accept else shelf.objection(url, tally, bounds)
                if reason:
                    how = f"to take it all the same: careen feeds update --accept {feed.NAME!r}"
                    refused.append((shelf, url, f"{reason}; {how}"))
        if refused:
            raise _Refused(refused)

    def _save(self, tallies: Mapping[str, Tally]) -> None:
        for shelf in self.shelves.values():
            shelf.count(tallies)
            shelf.save()

    def _is_built(self, active: Path | None) -> bool:
        """Whether the active snapshot was made of just what is kept now."""
        if active is None or not active.is_file():
            return False
        try:
            built = json.loads(self._built.read_text())
        except (OSError, ValueError):
            return False
        if built == {"imported": active.name, "beside": self._documents()}:
            return True
        return bool(built == {"from": self._digest(), "snapshot": active.name})

    def adopt(self) -> None:
        active = current(self._snapshots)
        assert active
        write(self._built, json.dumps({"imported": active.name, "beside": self._documents()}))

    def _digest(self) -> str:
        """Of all that goes into a snapshot; `today` decides what has reached its end of life."""
        said = repr((_RECIPE, VERSION, self._today, self._documents()))
        return hashlib.sha256(said.encode()).hexdigest()

    def _documents(self) -> str:
        documents = sorted(
            (name, url, kept.document.sha256)
            for name, shelf in self.shelves.items()
            for url, kept in shelf.kept.items()
        )
        return hashlib.sha256(repr(documents).encode()).hexdigest()


def _read(feed: Upstream, url: str, kept: Kept, tally: Tally) -> Iterator[Record]:
    """What one document says, counted; raises Invalid where it cannot be read."""
    try:
        with kept.document.path.open("rb") as document:
            for record in feed.parse(document, url):
                tally.problems += isinstance(record, Problem)
                tally.records += not isinstance(record, Problem)
                tally.ecosystems += isinstance(record, Ecosystem)
                tally.statements += len(record.affected) if isinstance(record, Advisory) else 0
                yield record
    except Error:
        raise
    except Exception as error:  # the edge of a worker: a parser's fault must not keep back the other feeds
        log.exception("a document cannot be read", feed=feed.NAME, url=url)
        raise Invalid(f"a fault of careen: {error!r}"[:_LONGEST]) from error

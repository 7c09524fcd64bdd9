"""Refreshes the feeds: fetches what is new, keeps the last good documents, builds and activates a snapshot.

Whatever cannot be had, cannot be read or has shrunk suspiciously leaves the last good copy in its place, and
the report says so. It may be killed at any moment and be started again.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from careen.errors import Invalid, Unavailable
from careen.feeds import Upstream
from careen.feeds.http import Http
from careen.jobs.feed_documents import Shelf, write
from careen.matching.builder import build
from careen.matching.schema import VERSION
from careen.matching.snapshot import activate, current
from careen.matching.staging import Record
from careen.model.problem import Problem

Progress = Callable[[str], object]

_PARALLEL = 4  # feeds that are fetched at once
_BUILT = "built.json"  # what the active snapshot was made of
_RECIPE = 3  # raised when a feed's parser says something else of the same document
_TELL_EVERY = 20_000  # records
_SHOWN = 3  # failures of one feed that a report prints


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """What is kept of a feed, and how well it could last be had."""

    name: str
    documents: int
    records: int  # advisories, ratings and ecosystems
    succeeded: datetime | None  # when all of it could last be had
    oldest: datetime | None  # when the document that was missed for the longest time could last be had
    failures: tuple[tuple[str, str], ...]  # URL and reason, of the last attempt

    def __str__(self) -> str:
        held = f"{self.name}: {self._held()}"
        more = len(self.failures) - _SHOWN
        reasons = [f"    {reason}" for _, reason in self.failures[:_SHOWN]]
        if more > 0:
            reasons.append(f"    and {more} more")
        if not self.failures:
            return held
        return "\n".join([f"{held}; {len(self.failures)} could not be had:", *reasons])

    def _held(self) -> str:
        if self.oldest is None:
            return "nothing yet"
        documents = "1 document" if self.documents == 1 else f"{self.documents} documents"
        return f"{self.records} records in {documents}, {_ago(datetime.now(UTC) - self.oldest)} old"


@dataclass(frozen=True, slots=True)
class Report:
    """What an update did; as text, for people."""

    feeds: tuple[FeedStatus, ...]
    snapshot: Path
    built: bool  # False: nothing had changed

    def __str__(self) -> str:
        done = "built" if self.built else "nothing is new, kept"
        return "\n".join([*map(str, self.feeds), f"snapshot {self.snapshot.stem[:12]}: {done}"])


class _Refused(Exception):
    """Documents that must not be built from, each with the reason."""

    def __init__(self, documents: Sequence[tuple[Shelf, str, str]]) -> None:
        super().__init__()
        self.documents = documents


def update(  # noqa: PLR0913 - what to read, where to keep it, and three options
    feeds: Sequence[Upstream],
    http: Http,
    folder: Path,
    snapshots: Path,
    *,
    only: Sequence[str] = (),
    today: date,
    progress: Progress = lambda _: None,
) -> Report:
    """Makes the snapshot in `snapshots` say what `feeds` say; their documents are kept in `folder`.

    `only` names the feeds to fetch; of the others the kept documents are used. One update at a time works in
    a folder, others wait. Raises Invalid for a name in `only` that no feed has, and Unavailable when there
    is nothing at all to build from.
    """
    chosen = _chosen(feeds, only)
    with _alone(folder):
        work = _Update(feeds, folder, snapshots, today, progress)
        work.fetch(chosen, http)
        path, built = work.snapshot()
        return Report(tuple(_status(name, shelf) for name, shelf in work.shelves.items()), path, built)


def status(feeds: Sequence[Upstream], folder: Path) -> tuple[FeedStatus, ...]:
    """Of every feed what `folder` holds; nothing is fetched."""
    return tuple(_status(feed.NAME, Shelf.open(folder / feed.NAME)) for feed in feeds)


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

    def fetch(self, chosen: Sequence[Upstream], http: Http) -> None:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for _ in pool.map(lambda feed: self._fetch(feed, http), chosen):
                pass  # a fault that is no Error of ours comes up here

    def _fetch(self, feed: Upstream, http: Http) -> None:
        self._progress(f"{feed.NAME}: asking for what is new")
        shelf = self.shelves[feed.NAME]
        shelf.take(feed.fetch(http, shelf.cursor(http.mirror)), http.mirror)
        missing = f", {len(shelf.errors)} could not be had" if shelf.errors else ""
        self._progress(f"{feed.NAME}: {len(shelf.fresh)} new documents{missing}")

    def snapshot(self) -> tuple[Path, bool]:
        """The active snapshot in the end, and whether it is a new one."""
        active = current(self._snapshots)
        while any(shelf.kept for shelf in self.shelves.values()) and not self._is_built(active):
            try:
                return self._build(), True
            except _Refused as refused:
                for shelf, url, reason in refused.documents:
                    shelf.refuse(url, reason)
        self._save({})
        if active is None:
            failures = [reason for shelf in self.shelves.values() for reason in shelf.errors.values()]
            raise Unavailable("there are no advisories at all: " + "; ".join(failures[:_SHOWN]))
        return active, False

    def _build(self) -> Path:
        counts: dict[str, int] = {}
        path = build(
            self._records(counts),
            self._snapshots,
            today=self._today,
            progress=self._tell,
        )
        activate(self._snapshots, path)
        self._save(counts)
        write(self._built, json.dumps({"from": self._digest(), "snapshot": path.name}))
        return path

    def _tell(self, count: int) -> None:
        if count % _TELL_EVERY == 0:
            self._progress(f"building the snapshot: {count} records")

    def _records(self, counts: dict[str, int]) -> Iterator[tuple[str, Record]]:
        """All that the kept documents say; raises _Refused in the end, for all that must not count."""
        refused = []
        for feed in self._feeds:
            shelf = self.shelves[feed.NAME]
            for url, kept in sorted(shelf.kept.items()):
                counts[url] = 0
                try:
                    with kept.document.path.open("rb") as document:
                        for record in feed.parse(document, url):
                            counts[url] += not isinstance(record, Problem)
                            yield feed.NAME, record
                except Invalid as error:
                    refused.append((shelf, url, error.message))
                    continue
                if reason := shelf.objection(url, counts[url]):
                    refused.append((shelf, url, reason))
        if refused:
            raise _Refused(refused)

    def _save(self, counts: Mapping[str, int]) -> None:
        for shelf in self.shelves.values():
            shelf.count(counts)
            shelf.save()

    def _is_built(self, active: Path | None) -> bool:
        """Whether the active snapshot was made of just what is kept now."""
        if active is None or not active.is_file():
            return False
        try:
            built = json.loads(self._built.read_text())
        except (OSError, ValueError):
            return False
        return bool(built == {"from": self._digest(), "snapshot": active.name})

    def _digest(self) -> str:
        """Of all that goes into a snapshot; `today` decides what has reached its end of life."""
        documents = sorted(
            (name, url, kept.document.sha256)
            for name, shelf in self.shelves.items()
            for url, kept in shelf.kept.items()
        )
        return hashlib.sha256(repr((_RECIPE, VERSION, self._today, documents)).encode()).hexdigest()


def _status(name: str, shelf: Shelf) -> FeedStatus:
    kept = shelf.kept.values()
    oldest = min((each.confirmed for each in kept), default="")
    return FeedStatus(
        name,
        documents=len(kept),
        records=sum(each.records for each in kept),
        succeeded=_moment(shelf.succeeded),
        oldest=_moment(oldest),
        failures=tuple(sorted(shelf.errors.items())),
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ago(span: timedelta) -> str:
    for name, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if span >= length:
            return f"{span // length} {name}{'s' * (span >= 2 * length)}"
    return f"{max(span // timedelta(minutes=1), 0)} minutes"

"""The parts that work on the data folder: what the server, the one-shot scan and the import share."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from careen.errors import Unavailable
from careen.feeds import UPSTREAMS, Upstream
from careen.feeds.http import Http
from careen.images.budgets import Budgets
from careen.images.place import Access
from careen.jobs import feeds as feed_jobs
from careen.jobs.feed_bounds import Bounds
from careen.jobs.feed_status import Report
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.jobs.snapshot_exchange import Exchange
from careen.jobs.snapshots import Snapshots
from careen.matching.files import current
from careen.settings import InvalidSetting, Settings
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database


@dataclass(frozen=True, slots=True)
class Workshop:
    settings: Settings
    database: Database
    blobs: LocalBlobs
    indexing: Indexing
    snapshots: Snapshots
    budgets: Budgets

    def refresh_feeds(
        self,
        *,
        only: tuple[str, ...] = (),
        accept: tuple[str, ...] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> Report:
        """Fetch what is new upstream and build a snapshot; raises Unavailable when there is none at all.

        Of the feeds that `accept` names a document is taken though it has shrunk.
        """
        settings = self.settings
        with Http(mirror=settings.feeds_mirror, replaced=settings.feeds_replaced) as http:
            return feed_jobs.update(
                _chosen_feeds(settings),
                http,
                settings.feed_documents,
                settings.snapshots,
                only=only,
                accept=accept,
                bounds=Bounds(settings.feeds_may_lose, settings.feeds_may_be_invalid),
                today=datetime.now(UTC).date(),
                progress=progress,
            )


@contextmanager
def opened(settings: Settings) -> Iterator[Workshop]:
    """The parts, made and in the end put away. A SQLite database is brought up to date by itself."""
    with opened_database(settings) as database:
        workers = settings.workers
        budgets = Budgets.read(settings.budgets)
        indexing = Indexing(database, partial(Reading, budgets=budgets), workers=workers)
        try:
            yield Workshop(
                settings,
                database,
                LocalBlobs(settings.blobs),
                indexing,
                Snapshots(settings.snapshots),
                budgets,
            )
        finally:
            indexing.close()


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The database alone, brought up to date where it is SQLite."""
    _make_folders(settings)
    database = Database(settings.database_url)
    try:
        _bring_up_to_date(database, settings)
        yield database
    finally:
        database.close()


def feeds_status(settings: Settings, *, as_json: bool = False) -> str:
    """What is kept of each feed, for people or for programs; nothing is fetched."""
    limit = timedelta(seconds=settings.feeds_stale)
    kept = feed_jobs.status(_chosen_feeds(settings), settings.feed_documents)
    active = current(settings.snapshots)
    if as_json:
        digest = f"sha256:{active.stem}" if active else None
        return json.dumps({"snapshot": digest, "feeds": [each.document(limit) for each in kept]}, indent=2)
    snapshot = f"snapshot {active.stem[:12]}" if active else "no snapshot yet"
    return "\n".join([*(each.told(limit) for each in kept), snapshot])


def exchange(settings: Settings, access: Access, say: Callable[[str], object]) -> Exchange:
    """What brings snapshots out of the data folder and into it."""
    _make_folders(settings)
    settings.snapshots.mkdir(exist_ok=True)
    return Exchange(settings.snapshots, access, say)


def take_snapshot(
    settings: Settings, access: Access, say: Callable[[str], object], target: str, *, expected: str = ""
) -> str:
    """Makes the snapshot at `target` the active one, and what is kept of the feeds older than it."""
    digest = exchange(settings, access, say).bring_in(target, expected=expected)
    feed_jobs.adopt(_chosen_feeds(settings), settings.feed_documents, settings.snapshots)
    return digest


def upgrade(settings: Settings) -> None:
    """Bring the database's tables up to date."""
    _make_folders(settings)
    database = Database(settings.database_url)
    try:
        database.upgrade()
    finally:
        database.close()


def _make_folders(settings: Settings) -> None:
    for name, folder in (("CAREEN_DATA", settings.data), ("CAREEN_BLOBS", settings.blobs)):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSetting(f"{name}: {folder} cannot be made: {error.strerror}") from error


def _bring_up_to_date(database: Database, settings: Settings) -> None:
    if settings.database_url.startswith("sqlite"):
        database.upgrade()
    elif not database.is_current():
        raise Unavailable("The database's tables are of another version: run `careen upgrade`")


def _chosen_feeds(settings: Settings) -> list[Upstream]:
    names = [feed.NAME for feed in UPSTREAMS]
    for name in settings.feeds:
        if name not in names:
            raise InvalidSetting(f"CAREEN_FEEDS: there is no feed {name!r}; there are {', '.join(names)}")
    return [feed for feed in UPSTREAMS if not settings.feeds or feed.NAME in settings.feeds]

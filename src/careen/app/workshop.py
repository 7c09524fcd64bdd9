"""The parts that work on the data folder: what the server, the one-shot scan and the import share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from careen.errors import Unavailable
from careen.feeds import UPSTREAMS, Upstream
from careen.feeds.http import Http
from careen.images.budgets import Budgets
from careen.jobs import feeds as feed_jobs
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.jobs.snapshots import Snapshots
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

    def refresh_feeds(
        self, *, only: tuple[str, ...] = (), progress: Callable[[str], None] = lambda _: None
    ) -> feed_jobs.Report:
        """Fetch what is new upstream and build a snapshot; raises Unavailable when there is none at all."""
        with Http(mirror=self.settings.feeds_mirror) as http:
            return feed_jobs.update(
                _chosen_feeds(self.settings),
                http,
                self.settings.feed_documents,
                self.settings.snapshots,
                only=only,
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
                settings, database, LocalBlobs(settings.blobs), indexing, Snapshots(settings.snapshots)
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


def feeds_status(settings: Settings) -> str:
    """What is kept of each feed, for people; nothing is fetched."""
    return "\n".join(map(str, feed_jobs.status(_chosen_feeds(settings), settings.feed_documents)))


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

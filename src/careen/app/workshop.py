"""The parts that work on the data folder: what the server, the one-shot scan and the import share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from careen.errors import Unavailable
from careen.images.budgets import Budgets
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
    budgets: Budgets


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
    make_folders(settings)
    database = Database(settings.database_url)
    try:
        _bring_up_to_date(database, settings)
        yield database
    finally:
        database.close()


def upgrade(settings: Settings) -> None:
    """Bring the database's tables up to date."""
    make_folders(settings)
    database = Database(settings.database_url)
    try:
        database.upgrade()
    finally:
        database.close()


def make_folders(settings: Settings) -> None:
    """Those of data and blobs; raises InvalidSetting."""
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

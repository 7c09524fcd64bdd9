"""Builds a snapshot: all that the feeds say, in one immutable file named by the digest of its content."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from careen.errors import Unavailable
from careen.matching import content, schema, staging, twins, writing
from careen.matching.files import publish, unfinished
from careen.matching.staging import Record

_WRITTEN_BY = 96  # offset in the header


def build(
    records: Iterable[tuple[str, Record]],
    folder: Path,
    *,
    today: date,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """The path of the snapshot of all `records` (name of the feed, what it says), in `folder`.

    The same records give the same name in whatever order they come, on any machine, and the same bytes as
    far as SQLite lays out its pages alike. `today` decides which ecosystems have ended, and nothing else:
    the name changes with the day only when one has. What cannot be read is counted in the snapshot's
    problems. `progress` is told the number of records so far, now and then. Raises Unavailable where there is
    no room for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished(folder) as file:
        with _room(), closing(staging.connect()) as database:
            staging.stage(database, records, progress)
            twins.name_cves(database)
            _write(database, file, today)
            path = folder / f"{content.digest(database, 'final')}.sqlite"
        _forget_the_library(file)
        file.chmod(0o444)
        publish(file, path)
    return path


@contextmanager
def _room() -> Iterator[None]:
    """A disk that is full ends the build, and nothing else."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"the snapshot cannot be written: {error}") from None


def _forget_the_library(file: Path) -> None:
    """The version of SQLite that wrote last stands in the header, for people (sqlite.org/fileformat2)."""
    with file.open("r+b") as database:
        database.seek(_WRITTEN_BY)
        database.write(bytes(4))


def _write(database: sqlite3.Connection, file: Path, today: date) -> None:
    """One transaction into an empty file, so that nothing but the content shapes its bytes."""
    database.execute("ATTACH ? AS final", (str(file),))
    for name, value in schema.PRAGMAS.items():
        database.execute(f"PRAGMA final.{name} = {value}")
    database.execute("BEGIN")
    for statement in schema.TABLES.split(";"):
        database.execute(statement.replace("CREATE TABLE ", "CREATE TABLE final."))
    writing.write_ecosystems(database, today)
    writing.write_advisories(database)
    writing.write_ranges(database)
    writing.write_rest(database)
    database.execute("COMMIT")

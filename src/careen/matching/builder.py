"""Builds a snapshot: all that the feeds say, in one immutable file named by the digest of its bytes."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date
from pathlib import Path

from careen.matching import schema, staging, writing
from careen.matching.files import publish, unfinished
from careen.matching.staging import Record


def build(
    records: Iterable[tuple[str, Record]],
    folder: Path,
    *,
    today: date,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """The path of the snapshot of all `records` (name of the feed, what it says), in `folder`.

    The same records give the same bytes in whatever order they come. `today` decides which ecosystems have
    ended. What cannot be read is counted in the snapshot's problems. `progress` is told the number of
    records so far, now and then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished(folder) as file:
        with closing(staging.connect()) as database:
            staging.stage(database, records, progress)
            _write(database, file, today)
        path = folder / f"{_sha256(file)}.sqlite"
        file.chmod(0o444)
        publish(file, path)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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

"""Whether a file that came from elsewhere is a snapshot, before anything is asked of it.

SQLite files of strangers are read as sqlite.org/security.html advises: nothing that a schema could run is
allowed, and none of ours has any; every page is checked, and so is every value.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from careen.matching import content, schema
from careen.matching.snapshot import InvalidSnapshot

_MAGIC = b"SQLite format 3\0"
_SECONDS = 600.0
_STEPS = 100_000  # of SQLite's machine between two looks at the clock
_LARGEST_VALUE = 64 << 20  # bytes
_TYPES = {"TEXT": "text", "INTEGER": "integer", "BLOB": "blob", "REAL": "real"}
_LISTS = {"advisories": ("aliases", "scores"), "conditions": ("arches", "repositories")}  # JSON
_SCORES = """SELECT 1 FROM advisories, json_each(scores) AS score
WHERE score.type <> 'array' OR json_array_length(score.value) <> 3
OR json_type(score.value, '$[0]') <> 'text' OR json_type(score.value, '$[1]') <> 'text'
OR json_type(score.value, '$[2]') <> 'integer' OR json_extract(score.value, '$[2]') NOT BETWEEN 1 AND 6"""


def verified(path: Path) -> str:
    """The digest of the content, as 64 hexadecimal digits; raises InvalidSnapshot with what is wrong.

    `path` is not trusted in any way, and is not changed.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise InvalidSnapshot("it is no SQLite file")
    try:
        with closing(_opened(path)) as database:
            _check_version(database)
            _check_schema(database)
            _check_pages(database)
            _check_values(database)
            return content.digest(database)
    except (sqlite3.Error, OverflowError, ValueError) as error:
        raise InvalidSnapshot(f"it is damaged: {str(error)[:200]}") from None


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    until = time.monotonic() + _SECONDS
    database.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "query_only = ON"):
        database.execute(f"PRAGMA {setting}")
    return database


def _check_version(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == schema.VERSION:
        return
    if 0 < version < schema.VERSION:
        raise InvalidSnapshot(
            f"it is of an older careen (format {version}, this one reads {schema.VERSION}): export it anew"
        )
    if version > schema.VERSION:
        raise InvalidSnapshot(
            f"it is of a newer careen (format {version}, this one reads {schema.VERSION}): upgrade this one"
        )
    raise InvalidSnapshot("it is a SQLite file, but no snapshot")


def _check_schema(database: sqlite3.Connection) -> None:
    """The tables that careen makes, word for word, and nothing beside them: no view, trigger or index."""
    with closing(sqlite3.connect(":memory:")) as ours:
        ours.executescript(schema.TABLES)
        if list(_schema(database)) != list(_schema(ours)):
            raise InvalidSnapshot("its tables are not those of a snapshot")


def _schema(database: sqlite3.Connection) -> Iterator[tuple[str, ...]]:
    rows = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return iter(sorted((kind, name, table, " ".join((sql or "").split())) for kind, name, table, sql in rows))


def _check_pages(database: sqlite3.Connection) -> None:
    """Also that no value is missing, and that each index says what its table does."""
    (said,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise InvalidSnapshot(f"it is damaged: {str(said)[:200]}")


def _check_values(database: sqlite3.Connection) -> None:
    """Every value is of its column's type, and JSON is JSON: SQLite itself would hold anything."""
    for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        fields = database.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
        wrong = [f"typeof({name}) <> '{_TYPES[kind]}'" for name, kind in fields]
        wrong += [f"NOT json_valid({name}) OR json_type({name}) <> 'array'" for name in _LISTS.get(table, ())]
        with _meaning(table):
            query = f"SELECT 1 FROM {table} WHERE {' OR '.join(wrong)} LIMIT 1"  # noqa: S608 - the schema is ours
            if database.execute(query).fetchone():
                raise InvalidSnapshot(f"a value in its table {table} is not of the type that it should be")
    if database.execute(f"{_SCORES} LIMIT 1").fetchone():
        raise InvalidSnapshot("a score in its table advisories is none")


@contextmanager
def _meaning(table: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InvalidSnapshot(f"its table {table} cannot be read: {error}") from None

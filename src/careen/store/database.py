"""The database: its transactions and its schema's version, on SQLite (WAL) or PostgreSQL (psycopg 3)."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError as SQLiteError
from threading import RLock
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from careen.errors import Invalid, Unavailable
from careen.store.documents import encode
from careen.store.readers import Readers

_BUSY_TIMEOUT = 30  # seconds that a writer waits for another
# More threads than these wait their turn; four processes stay below PostgreSQL's usual limit of 100.
_POOL = {"pool_size": 24, "max_overflow": 0, "pool_timeout": 30}
_OVER_A_NETWORK = {"pool_pre_ping": True}
_ARGUMENTS = {"timeout": _BUSY_TIMEOUT, "isolation_level": None}  # SQLite's; None: no BEGIN but ours
_MIGRATIONS = Path(__file__).parent / "migrations" / "versions"
_MIGRATION_LOCK = 0x6361_7265_656E  # PostgreSQL's advisory locks are numbers: "careen"

_BACKENDS = frozenset({"sqlite", "postgresql"})
_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # on PostgreSQL


class Database:
    """A pool of connections. `url` is `sqlite:////folder/careen.db` or `postgresql+psycopg://…`.

    Raises Invalid for any other; every method raises Unavailable when the database is down or busy.
    """

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self._engine = _engine(self._url)
        self._readers = _readers(self._url, self._engine)
        # SQLite's writers wait by sleeping and asking again; in one process a lock is several times fairer.
        self._turn = RLock() if self._engine.dialect.name == "sqlite" else nullcontext()

    @property
    def is_at_hand(self) -> bool:
        """Whether one row is read in less than a tenth of a millisecond, without a wait for anybody."""
        return isinstance(self._readers, Readers)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database, and may not change it."""
        with _said_kindly(), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, and rolled back by an exception."""
        with self._turn, _said_kindly(), self._engine.begin() as connection:
            yield connection

    def is_current(self) -> bool:
        """Whether the schema is the one that this version of careen needs."""
        with self.read() as connection:
            return _is_current(connection)

    def upgrade(self) -> None:
        """Bring the schema up to date; processes that start at the same time do it one after another."""
        if self.is_current():
            return
        from careen.store import migrating  # noqa: PLC0415 - alembic, for which there is rarely any work

        engine = _engine(self._url, migrating=True)
        try:
            with _said_kindly(), engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                migrating.migrate(connection)
        finally:
            engine.dispose()

    def close(self) -> None:
        self._readers.dispose()
        self._engine.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise Invalid("The database's URL cannot be read") from None  # it may hold a password
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise Invalid("A SQLite database must be a file: sqlite:////folder/careen.db")
    if backend not in _BACKENDS:
        raise Invalid(f"The database must be sqlite or postgresql, not {backend}")
    return parsed.set(drivername="postgresql+psycopg") if backend == "postgresql" else parsed


def _engine(url: URL, *, migrating: bool = False) -> Engine:
    """`migrating` has no pool, and on SQLite no foreign keys: replacing a table would empty its children."""
    options: dict[str, Any] = {"poolclass": NullPool} if migrating else _POOL
    if url.get_backend_name() == "postgresql":
        return create_engine(url, json_serializer=encode, **options, **_OVER_A_NETWORK)
    engine = create_engine(url, json_serializer=encode, connect_args=_ARGUMENTS, **options)
    event.listen(engine, "connect", _set_up_for_migrating if migrating else _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _readers(url: URL, writer: Engine) -> Engine | Readers:
    """For transactions that may change nothing. SQLite's connections are set up for that once and for all."""
    if url.get_backend_name() == "postgresql":
        return writer.execution_options(**_READING)
    engine = create_engine(url, connect_args=_ARGUMENTS, poolclass=NullPool)
    event.listen(engine, "connect", _set_up_for_reading)
    return Readers(engine)


def _set_up(connection: SQLiteConnection, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("PRAGMA synchronous = FULL").close()  # an acknowledged push survives a power loss
    connection.execute("PRAGMA foreign_keys = ON").close()


def _set_up_for_migrating(connection: SQLiteConnection, record: object) -> None:
    _set_up(connection, record)
    connection.execute("PRAGMA foreign_keys = OFF").close()


def _set_up_for_reading(connection: SQLiteConnection, record: object) -> None:
    _set_up(connection, record)
    connection.execute("PRAGMA query_only = ON").close()


def _begin(connection: Connection) -> None:
    """IMMEDIATE, or a transaction that read first could fail at its first write however long it waits."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _said_kindly() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout, SQLiteError) as error:
        raise Unavailable("The database does not answer") from error  # why is not for strangers


def _is_current(connection: Connection) -> bool:
    """Whether the newest migration, by the number that its file begins with, was the last one."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    newest = max(path.name.partition("_")[0] for path in _MIGRATIONS.glob("[0-9]*.py"))
    return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest]

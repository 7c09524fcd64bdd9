"""SQLite's connections for reading, kept open between their transactions.

A pool's accounts and SQLAlchemy's transactions take longer than SQLite takes for most queries; and who reads
must never wait for who reads.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from careen.store import memory
from careen.store.memory import Memory


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: Connection
    driver: sqlite3.Connection
    memory: Memory


class Readers:
    """As many connections of `engine`, which has no pool, as there are readers at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[_Reader] = deque()  # append and pop are whole, in whichever thread

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction of SQLite's. SQLAlchemy is in one of its own all the time, which does nothing."""
        reader = self._take()
        try:
            reader.driver.execute("BEGIN DEFERRED").close()
            (version,) = reader.driver.execute("PRAGMA data_version").fetchone()  # of the state that is read
            reader.memory.hold(version)
            yield reader.connection
        except (DBAPIError, sqlite3.Error):
            reader.connection.close()  # whatever is the matter, the next shall not have it
            raise
        except BaseException:
            self._end(reader)
            raise
        self._end(reader)

    def dispose(self) -> None:
        while self._idle:
            self._idle.pop().connection.close()

    def _take(self) -> _Reader:
        try:
            return self._idle.pop()  # the last that came: it has the pages at hand
        except IndexError:
            return _opened(self._engine)

    def _end(self, reader: _Reader) -> None:
        reader.driver.rollback()
        self._idle.append(reader)


def _opened(engine: Engine) -> _Reader:
    known = Memory()
    connection = memory.given(engine.connect(), known)
    driver: Any = connection.connection.driver_connection
    return _Reader(connection, driver, known)

"""INSERT that leaves a row alone which is there already, on SQLite and PostgreSQL alike."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, Select, Table, Text, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

Item = TypeVar("Item")

_BATCH = 500  # SQLite takes 32,766 parameters in a statement


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_new(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """Whether the row was inserted; False when one with the same key is there.

    Unlike a caught IntegrityError this leaves a PostgreSQL transaction usable.
    """
    statement = insert(connection, table).values(dict(row)).on_conflict_do_nothing()
    return affects_a_row(connection, statement)


def affects_a_row(connection: Connection, statement: sqlite.Insert | postgresql.Insert) -> bool:
    """Whether the INSERT inserted or updated a row; SQLAlchemy counts them for UPDATE and DELETE only."""
    return connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1


def insert_all(connection: Connection, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    for batch in batched(rows):
        connection.execute(table.insert(), [dict(row) for row in batch])


def rows_of(connection: Connection, values: Sequence[str]) -> Select[tuple[str]]:
    """The values as rows, however many: a statement has no room for thousands of parameters."""
    if connection.dialect.name == "postgresql":
        array = bindparam(None, list(values), type_=postgresql.ARRAY(Text))
        return select(func.unnest(array).table_valued("value").render_derived().c.value)
    return select(func.json_each(json.dumps(values)).table_valued("value").c.value)


def batched(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    """The items in lists that are short enough to be the parameters of one statement."""
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch

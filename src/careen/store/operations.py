"""Long-running operations. The row is the truth of a job; at most one of a kind runs on a subject."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select, update

from careen.errors import Exists
from careen.model.registry import Operation
from careen.store.inserts import insert_new
from careen.store.tables import idempotency_keys, operations


class Running(Exists):
    """There is one of this method at work on the subject."""


_BY_ID = select(operations).where(operations.c.id == bindparam("id"))
_FIELDS = tuple(field.name for field in fields(Operation))


def add(connection: Connection, operation: Operation) -> None:
    """Raises Running when one of this method runs on the subject (the transaction may go on, and join it)."""
    row = {name: getattr(operation, name) for name in _FIELDS}
    if not insert_new(connection, operations, row | {"metadata": dict(operation.metadata)}):
        raise Running(f"{operation.method} is running on {operation.subject} already")


def get(connection: Connection, operation_id: str) -> Operation | None:
    row = connection.execute(_BY_ID, {"id": operation_id}).one_or_none()
    return None if row is None else _operation(row)


def running(connection: Connection, method: str, subject: str) -> Operation | None:
    return _one(
        connection, operations.c.method == method, operations.c.subject == subject, ~operations.c.done
    )


def unfinished(connection: Connection) -> Sequence[Operation]:
    """Every operation that runs or waits, oldest first."""
    query = select(operations).where(~operations.c.done).order_by(operations.c.created_at, operations.c.id)
    return [_operation(row) for row in connection.execute(query).all()]


def still_running(connection: Connection, operation_ids: Collection[str]) -> frozenset[str]:
    """Those of the operations that are not done."""
    query = select(operations.c.id).where(operations.c.id.in_(operation_ids), ~operations.c.done)
    return frozenset(connection.scalars(query))


def finish(
    connection: Connection,
    operation_id: str,
    *,
    now: datetime,
    error_kind: str = "",
    error_message: str = "",
    description: str = "",
) -> bool:
    """End the operation, with an error where a kind is given; False when it has ended already.

    An empty description leaves the one it has.
    """
    values: dict[str, object] = {
        "done": True,
        "modified_at": now,
        "error_kind": error_kind,
        "error_message": error_message,
    }
    if description:
        values["description"] = description
    statement = update(operations).where(operations.c.id == operation_id, ~operations.c.done)
    return connection.execute(statement.values(values)).rowcount == 1


def superfluous(
    connection: Connection, *, before: datetime, keys_since: datetime, limit: int
) -> Sequence[str]:
    """Ids of operations that ended before then.

    None that an idempotency key younger than `keys_since` stands for: the same call is promised it again.
    """
    promised = select(idempotency_keys.c.operation_id).where(idempotency_keys.c.created_at >= keys_since)
    query = select(operations.c.id).where(
        operations.c.done, operations.c.modified_at < before, operations.c.id.not_in(promised)
    )
    return connection.scalars(query.limit(limit)).all()


def delete(connection: Connection, operation_ids: Collection[str]) -> int:
    """Those of them that are done, with their idempotency keys; gives the number."""
    statement = operations.delete().where(operations.c.id.in_(operation_ids), operations.c.done)
    return connection.execute(statement).rowcount


def _one(connection: Connection, *conditions: ColumnElement[bool]) -> Operation | None:
    row = connection.execute(select(operations).where(*conditions)).one_or_none()
    return None if row is None else _operation(row)


def _operation(row: Row[Any]) -> Operation:
    return Operation(**row._asdict())

"""Which operation a call has begun, should it come again (yandex-cloud/docs, concepts/idempotency.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from careen.errors import Exists
from careen.store.inserts import insert_new
from careen.store.tables import idempotency_keys

KNOWN = timedelta(days=1)  # for which a key is kept: as long as anybody repeats a call


class Repeated(Exists):
    """The same call has begun its operation meanwhile."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call, as its sender knows it again."""

    caller: str
    method: str
    key: str
    request: str  # a digest of what it asks for


def operation_of(connection: Connection, attempt: Attempt) -> str | None:
    """The id of the operation that it has begun; raises Exists when the key came with another request."""
    columns = idempotency_keys.c
    query = select(columns.operation_id, columns.request).where(
        columns.caller == attempt.caller, columns.method == attempt.method, columns.key == attempt.key
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.request != attempt.request:
        raise Exists("The idempotency key has been used for another request")
    return str(row.operation_id)


def remember(connection: Connection, attempt: Attempt, operation_id: str, now: datetime) -> None:
    """In the transaction that begins the operation; raises Repeated when another was quicker.

    What is older than KNOWN is forgotten.
    """
    connection.execute(idempotency_keys.delete().where(idempotency_keys.c.created_at < now - KNOWN))
    row = {
        "caller": attempt.caller,
        "method": attempt.method,
        "key": attempt.key,
        "request": attempt.request,
        "operation_id": operation_id,
        "created_at": now,
    }
    if not insert_new(connection, idempotency_keys, row):
        raise Repeated("The call is under way already")

"""Operations that are done as soon as they are asked for: what they change is in the database."""

from sqlalchemy import Connection
from yandex.cloud.operation.operation_pb2 import Operation as OperationMessage

from careen.api import operations as operation_messages
from careen.api.call import Call
from careen.model import ids
from careen.model.registry import Operation
from careen.store import idempotency, operations
from careen.store.columns import now


def done(
    connection: Connection, method: str, call: Call, *, description: str, **metadata: str
) -> OperationMessage:
    """Record in the transaction that the change is made. The first of `metadata` is its subject.

    The response is kept as it is now: the resource may change or go before somebody asks for the operation.
    """
    moment = now()
    response = operation_messages.response(connection, method, metadata)
    operation = Operation(
        id=ids.new(),
        method=method,
        subject=next(iter(metadata.values())),
        description=description,
        created_at=moment,
        created_by=call.caller.id,
        modified_at=moment,
        metadata=metadata,
        done=True,
        response=response.SerializeToString(),
    )
    operations.add(connection, operation)
    if call.attempt is not None:
        idempotency.remember(connection, call.attempt, operation.id, moment)
    return operation_messages.message(connection, operation)

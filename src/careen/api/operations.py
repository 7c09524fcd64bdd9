"""OperationService (yandex/cloud/operation/operation_service.proto), and operations as messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1.scanner_pb2 import ScanResult
from yandex.cloud.operation import operation_pb2, operation_service_pb2

from careen.api import messages, status
from careen.api.call import Call
from careen.api.methods import METHODS, Method
from careen.errors import NotFound, Unimplemented
from careen.model.registry import Operation
from careen.store import operations, scans
from careen.store.database import Database


def _scan_result(connection: Connection, metadata: Mapping[str, str]) -> Message:
    scan = scans.get(connection, metadata["scan_result_id"])
    if scan is None:
        raise NotFound.of("ScanResult", metadata["scan_result_id"])
    return messages.scan_result(scan)


# How the response of an operation is found again, by its type; the operation's row does not repeat it.
_RESPONSES: Mapping[type[Message], Callable[[Connection, Mapping[str, str]], Message]] = MappingProxyType(
    {ScanResult: _scan_result, Empty: lambda _connection, _metadata: Empty()}
)


@dataclass(frozen=True, slots=True)
class Operations:
    SERVICE: ClassVar = "yandex.cloud.operation.OperationService"

    database: Database

    def get(self, request: operation_service_pb2.GetOperationRequest, _: Call) -> operation_pb2.Operation:
        with self.database.read() as connection:
            return message(connection, _operation(connection, request.operation_id))

    def cancel(
        self, request: operation_service_pb2.CancelOperationRequest, _: Call
    ) -> operation_pb2.Operation:
        """An operation that is done stays as it is."""
        with self.database.read() as connection:
            operation = _operation(connection, request.operation_id)
            if not operation.done:
                raise Unimplemented(f"Operation {operation.id} cannot be cancelled; it ends by itself")
            return message(connection, operation)


def _operation(connection: Connection, operation_id: str) -> Operation:
    operation = operations.get(connection, operation_id)
    if operation is None:
        raise NotFound.of("Operation", operation_id)
    return operation


def message(connection: Connection, operation: Operation) -> operation_pb2.Operation:
    """With metadata, and when it is done with exactly one of `error` and `response`."""
    method = METHODS[operation.method]
    written = operation_pb2.Operation(
        id=operation.id,
        description=operation.description,
        created_at=messages.timestamp(operation.created_at),
        created_by=operation.created_by,
        modified_at=messages.timestamp(operation.modified_at),
        done=operation.done,
    )
    if method.metadata is not None:
        written.metadata.Pack(json_format.ParseDict(dict(operation.metadata), method.metadata()))
    if operation.done:
        _write_end(written, connection, operation, method)
    return written


def _write_end(
    written: operation_pb2.Operation, connection: Connection, operation: Operation, method: Method
) -> None:
    if operation.error_kind:
        written.error.CopyFrom(status.of_kind(operation.error_kind, operation.error_message))
        return
    assert method.result is not None
    try:
        written.response.Pack(_RESPONSES[method.result](connection, operation.metadata))
    except NotFound as error:  # the resource has been deleted since
        written.error.CopyFrom(status.of_kind(error.kind, error.message))

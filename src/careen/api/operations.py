"""OperationService (yandex/cloud/operation/operation_service.proto), and operations as messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1.lifecycle_policy_pb2 import LifecyclePolicy
from yandex.cloud.containerregistry.v1.lifecycle_policy_service_pb2 import DryRunLifecyclePolicyResult
from yandex.cloud.containerregistry.v1.registry_pb2 import Registry
from yandex.cloud.containerregistry.v1.repository_pb2 import Repository
from yandex.cloud.containerregistry.v1.scan_policy_pb2 import ScanPolicy
from yandex.cloud.containerregistry.v1.scanner_pb2 import ScanResult
from yandex.cloud.operation import operation_pb2, operation_service_pb2

from careen.api import messages, status
from careen.api.call import Call
from careen.api.methods import METHODS, Method
from careen.errors import Cancelled, NotFound
from careen.model.registry import Operation
from careen.store import lifecycle, operations, registries, repositories, scan_policies, scans
from careen.store.columns import now
from careen.store.database import Database


def _found(
    kind: str, find: Callable[[Connection, str], Any], write: Callable[[Any], Message], key: str
) -> Callable[[Connection, Mapping[str, str]], Message]:
    """Of a resource that the metadata names as `key`, as it is now."""

    def response(connection: Connection, metadata: Mapping[str, str]) -> Message:
        value = find(connection, metadata[key])
        if value is None:
            raise NotFound.of(kind, metadata[key])
        return write(value)

    return response


# How the response of an operation is found, by its type.
_RESPONSES: Mapping[type[Message], Callable[[Connection, Mapping[str, str]], Message]] = MappingProxyType(
    {
        Empty: lambda _connection, _metadata: Empty(),
        ScanResult: _found("ScanResult", scans.get, messages.scan_result, "scan_result_id"),
        Registry: _found("Registry", registries.get, messages.registry, "registry_id"),
        Repository: _found("Repository", repositories.get, messages.repository, "repository_id"),
        LifecyclePolicy: _found(
            "LifecyclePolicy", lifecycle.get, messages.lifecycle_policy, "lifecycle_policy_id"
        ),
        DryRunLifecyclePolicyResult: _found(
            "DryRunLifecyclePolicyResult",
            lifecycle.dry_run,
            messages.dry_run,
            "dry_run_lifecycle_policy_result_id",
        ),
        ScanPolicy: _found("ScanPolicy", scan_policies.get, messages.scan_policy, "scan_policy_id"),
    }
)


@dataclass(frozen=True, slots=True)
class Operations:
    SERVICE: ClassVar = "yandex.cloud.operation.OperationService"

    database: Database
    cancelled: Callable[[str], None]  # stops the work of the operation of that id

    def get(self, request: operation_service_pb2.GetOperationRequest, _: Call) -> operation_pb2.Operation:
        with self.database.read() as connection:
            return message(connection, _operation(connection, request.operation_id))

    def cancel(
        self, request: operation_service_pb2.CancelOperationRequest, _: Call
    ) -> operation_pb2.Operation:
        """An operation that is done stays as it is."""
        with self.database.write() as connection:
            operation = _operation(connection, request.operation_id)
            if not operation.done:
                _end(connection, operation)
            ended = message(connection, _operation(connection, request.operation_id))
        self.cancelled(request.operation_id)
        return ended


def _end(connection: Connection, operation: Operation) -> None:
    moment = now()
    cancelled = Cancelled(f"Operation {operation.id} was cancelled")
    operations.finish(
        connection, operation.id, now=moment, error_kind=cancelled.kind, error_message=cancelled.message
    )
    if "scan_result_id" in operation.metadata:
        scans.fail(connection, operation.metadata["scan_result_id"], moment)


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
    if operation.response is not None:
        written.response.type_url = f"type.googleapis.com/{method.result.DESCRIPTOR.full_name}"
        written.response.value = operation.response
        return
    try:
        written.response.Pack(response(connection, operation.method, operation.metadata))
    except NotFound as error:  # the resource has been deleted since
        written.error.CopyFrom(status.of_kind(error.kind, error.message))


def response(connection: Connection, method: str, metadata: Mapping[str, str]) -> Message:
    """What an operation of that method ends in, as it is now; raises NotFound."""
    result = METHODS[method].result
    assert result is not None
    return _RESPONSES[result](connection, metadata)

"""Errors as google.rpc.Status, for both doors (googleapis/google/rpc/status.proto, error_details.proto)."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import structlog
from google.protobuf.duration_pb2 import Duration
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import (
    BadRequest,
    ErrorInfo,
    LocalizedMessage,
    RequestInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status

from careen import errors
from careen.api.call import Call
from careen.api.validation import InvalidRequest, Violation
from careen.auth.access import MissingRole
from careen.auth.limits import TooManyFailures

_CODES: Mapping[str, int] = MappingProxyType(
    {
        "Invalid": Code.INVALID_ARGUMENT,
        "NotFound": Code.NOT_FOUND,
        "Exists": Code.ALREADY_EXISTS,
        "Precondition": Code.FAILED_PRECONDITION,
        "Cancelled": Code.CANCELLED,
        "Denied": Code.PERMISSION_DENIED,
        "Exhausted": Code.RESOURCE_EXHAUSTED,
        "Unimplemented": Code.UNIMPLEMENTED,
        "Internal": Code.INTERNAL,
        "Unavailable": Code.UNAVAILABLE,
        "Unauthenticated": Code.UNAUTHENTICATED,
    }
)

# The HTTP status of a code as Yandex documents it (yandex-cloud/docs, api-design-guide/concepts/errors.md).
_HTTP = MappingProxyType(
    {
        1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429,
        9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
    }
)  # fmt: skip

# The keys of Yandex' own translations that clients have seen, by the kind of resource that is missing.
_UNKNOWN = MappingProxyType(
    {
        "Image": "container_registry.unknownImageName",
        "ScanPolicyOfRegistry": "container_registry.scanPolicyForRegistryNotFoundException",
    }
)

# A trailer of gRPC must stay below 8 KiB, in percent-encoding and in base64.
_MESSAGE_BYTES = 1000
_ID_LENGTH = 100  # characters of what clients may send as an id

_log = structlog.get_logger(__name__)


def of(error: Exception, call: Call) -> Status:
    """What the caller is told. An error that is none of ours is logged, and told by its request id only."""
    if not isinstance(error, errors.Error):
        _log.error("request failed", exc_info=error, **_ids(call))
        error = errors.Internal(f"Internal error; request id {call.request_id}")
    status = Status(code=_CODES[error.kind], message=_short(error.message))
    if error.resource is not None and error.resource[0] in _UNKNOWN:
        status.details.add().Pack(_localized(*error.resource))
    if isinstance(error, errors.Invalid) and error.field:
        status.details.add().Pack(_bad_request(error))
    if isinstance(error, MissingRole):
        status.details.add().Pack(_missing_role(error))
    if isinstance(error, TooManyFailures):
        status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=error.retry_after)))
    status.details.add().Pack(RequestInfo(request_id=call.request_id))
    return status


def _ids(call: Call) -> Mapping[str, str]:
    """By which the log is searched: ours, and the client's where it sent one."""
    sent = re.sub("[^!-~]", "?", call.client_request_id[:_ID_LENGTH])  # a log is lines of plain text
    return {"request_id": call.request_id, **({"client_request_id": sent} if sent else {})}


def code_and_message(error: Exception) -> tuple[int, str]:
    """For those who are not the caller."""
    if not isinstance(error, errors.Error):
        return int(Code.INTERNAL), "Internal error"
    return _CODES[error.kind], error.message


def of_kind(kind: str, message: str) -> Status:
    """The error of an Operation, stored as an Error's `kind`; an unknown kind is our fault."""
    return Status(code=_CODES.get(kind, Code.INTERNAL), message=message)


def http_status(code: int) -> int:
    return _HTTP[code]


def _short(text: str) -> str:
    return text.encode(errors="replace")[:_MESSAGE_BYTES].decode(errors="ignore")


def _localized(kind: str, name: str) -> LocalizedMessage:
    return LocalizedMessage(locale="en", message=f'{{i18n:{_UNKNOWN[kind]},name:"{_short(name)}"}}')


def _missing_role(error: MissingRole) -> ErrorInfo:
    """For programs; people read the message."""
    fields = {"role": error.role, "resource_type": str(error.on.kind), "resource_id": error.on.id}
    return ErrorInfo(reason="ROLE_MISSING", domain="container-registry", metadata=fields)


def _bad_request(error: errors.Invalid) -> BadRequest:
    violations = (
        error.violations if isinstance(error, InvalidRequest) else (Violation(error.field, error.message),)
    )
    return BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field=_short(each.field), description=_short(each.description))
            for each in violations
        ]
    )

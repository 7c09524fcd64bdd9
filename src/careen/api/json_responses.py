"""Responses as JSON (protobuf.dev, "ProtoJSON format"): camelCase, int64 as strings, RFC 3339 times.

Two kinds of default values are printed, since scripts read them: booleans (`"done": false`) and counts
(`"critical": "0"`, `"affectedImagesCount": "0"`). Others are left out, as Yandex leaves them out.
"""

import json
from functools import cache
from typing import Any

from google.protobuf import any_pb2, json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from yandex.cloud.containerregistry.v1.lifecycle_policy_service_pb2 import DryRunLifecyclePolicyResult
from yandex.cloud.containerregistry.v1.scanner_pb2 import VulnerabilityStats

_COUNTED = frozenset(kind.DESCRIPTOR.full_name for kind in (VulnerabilityStats, DryRunLifecyclePolicyResult))


def write(message: Message) -> bytes:
    document = _complete(message, json_format.MessageToDict(message))
    return json.dumps(document, ensure_ascii=False).encode()


# The depth of this recursion is that of our own messages.
def _complete(message: Message, printed: dict[str, Any]) -> dict[str, Any]:
    """`printed` with the defaults that are wanted, in the order of the fields."""
    if not _lacks(message.DESCRIPTOR):
        return printed
    if isinstance(message, any_pb2.Any):
        message = _unpacked(message)
    document = {"@type": printed["@type"]} if "@type" in printed else {}
    for field in message.DESCRIPTOR.fields:
        if field.json_name in printed:
            document[field.json_name] = _value(message, field, printed[field.json_name])
        elif (default := _default(field)) is not None:
            document[field.json_name] = default
    return document


@cache
def _lacks(kind: Descriptor) -> bool:
    """Whether a message of that kind, or what is in it, may have a default that is wanted."""
    if kind is any_pb2.Any.DESCRIPTOR or any(_default(field) is not None for field in kind.fields):
        return True
    return any(_lacks(field.message_type) for field in kind.fields if field.message_type)


def _unpacked(message: any_pb2.Any) -> Message:
    kind = GetMessageClass(message.DESCRIPTOR.file.pool.FindMessageTypeByName(message.TypeName()))
    return kind.FromString(message.value)


def _value(message: Message, field: FieldDescriptor, printed: Any) -> Any:  # noqa: ANN401 - any JSON value
    value = getattr(message, field.name)
    if isinstance(printed, dict) and isinstance(value, Message):
        return _complete(value, printed)
    if isinstance(printed, list) and field.message_type is not None:
        return [
            _complete(each, shown) if isinstance(shown, dict) else shown
            for each, shown in zip(value, printed, strict=True)
        ]
    return printed


def _default(field: FieldDescriptor) -> object:
    if field.has_presence or field.is_repeated:
        return None
    if field.type == FieldDescriptor.TYPE_BOOL:
        return False
    is_count = field.type == FieldDescriptor.TYPE_INT64 and field.containing_type.full_name in _COUNTED
    return "0" if is_count else None

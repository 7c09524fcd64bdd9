"""Request messages from HTTP requests, as google.api.http says (googleapis/google/api/http.proto).

Fields may be written as in JSON (`imageId`) or as in the proto (`image_id`).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from careen.api import json_forms
from careen.api.methods import Method
from careen.api.validation import invalid
from careen.errors import Invalid

# types-protobuf knows neither json_name nor fields_by_camelcase_name.
_Descriptor = Any
_Field = Any

_SHOWN = 200  # characters of what was sent, in a message
_MASK = ("updateMask", "update_mask")
_BOOLEANS = {"true": True, "false": False}

# What ParseDict raises on hostile documents, though only the first is documented.
_REFUSALS = (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError)


def read(method: Method, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: bytes) -> Message:
    """The method's request; raises Invalid, naming the field at fault."""
    assert method.http is not None
    descriptor: _Descriptor = method.request.DESCRIPTOR
    if method.http.has_body:
        if query:
            raise invalid(query[0][0][:_SHOWN], "belongs into the body: there are no query parameters here")
        document = _from_body(body)
    else:
        document = _from_query(descriptor, query)
    for name in path:
        document.pop(name, None)
        document.pop(descriptor.fields_by_name[name].json_name, None)
    return _message(method.request, {**document, **path})


def _from_body(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}", object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {str(error)[:_SHOWN]}") from error
    if not isinstance(document, dict):
        raise Invalid("The body must be a JSON object")
    return document


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"{key[:_SHOWN]!r} stands there twice")
        document[key] = value
    return document


def _from_query(descriptor: _Descriptor, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in query:
        _put(document, descriptor, name, value)
    return document


def _put(document: dict[str, Any], descriptor: _Descriptor, name: str, text: str) -> None:
    """Set what `rule.status=ACTIVE` says, by the message types: a name cannot lead deeper than they do."""
    *parents, last = name.split(".")
    for parent in parents:
        field = _field(descriptor, parent, name)
        if field.message_type is None or field.is_repeated:
            raise invalid(name[:_SHOWN], "is no such parameter")
        document = document.setdefault(field.json_name, {})
        descriptor = field.message_type
    field = _field(descriptor, last, name)
    value = _BOOLEANS.get(text, text) if field.type == FieldDescriptor.TYPE_BOOL else text
    if field.is_repeated:
        document.setdefault(field.json_name, []).append(value)
    elif field.json_name in document:
        raise invalid(name[:_SHOWN], "is given twice")
    else:
        document[field.json_name] = value


def _field(descriptor: _Descriptor, part: str, name: str) -> _Field:
    field = json_forms.field_named(descriptor, part)
    if field is None:
        known = ", ".join(field.json_name for field in descriptor.fields)
        raise invalid(name[:_SHOWN], f"is no such parameter; there are: {known}")
    return field


def _message(kind: type[Message], document: Mapping[str, Any]) -> Message:
    json_forms.check(kind.DESCRIPTOR, document)
    rest = dict(document)
    is_update = _MASK[1] in kind.DESCRIPTOR.fields_by_name
    written = [rest.pop(name) for name in _MASK if is_update and name in rest]
    try:
        message: Any = json_format.ParseDict(rest, kind())
    except _REFUSALS as error:
        raise invalid(_faulty(kind, rest), _reason(error)) from error
    for mask in written:
        message.update_mask.paths.extend(_paths(mask))
    return cast("Message", message)


def _paths(mask: object) -> Sequence[str]:
    """Of `name,rules.pushRule` or `name,rules.push_rule`: Envoy takes both, protobuf's reader but one."""
    if mask is None:
        return []
    if not isinstance(mask, str):
        raise invalid(_MASK[0], "must be a text: paths, separated by commas")
    paths = [path.strip() for path in mask.split(",")] if mask.strip() else []
    return [re.sub(r"[A-Z]", lambda hump: f"_{hump[0].lower()}", path) for path in paths]


def _faulty(kind: type[Message], document: Mapping[str, Any]) -> str:
    """The field that cannot be read, as the caller wrote it."""
    for key, value in document.items():
        try:
            json_format.ParseDict({key: value}, kind())
        except _REFUSALS:
            return key[:_SHOWN]
    return ", ".join(document)[:_SHOWN]  # each is fine alone: two of a oneof


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0][:_SHOWN]

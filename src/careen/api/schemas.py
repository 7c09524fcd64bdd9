"""The API's messages as schemas of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1), as ProtoJSON writes them.

Constraints are those that `validation` checks (yandex/cloud/validation.proto).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from careen.api import validation

Schema = dict[str, Any]
Descriptor = Any  # two classes in types-protobuf, neither of which is the other's

_INTEGER = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,18}$"}
_KNOWN: Mapping[str, Schema] = MappingProxyType(
    {
        "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
        "google.protobuf.Duration": {
            "type": "string",
            "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$",
            "examples": ["86400s"],
        },
        "google.protobuf.FieldMask": {"type": "string", "examples": ["name,labels"]},
        "google.protobuf.Any": {
            "type": "object",
            "properties": {"@type": {"type": "string"}},
            "required": ["@type"],
            "additionalProperties": True,
        },
    }
)
_SCALARS: Mapping[int, Schema] = MappingProxyType(
    {
        FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
        FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
        FieldDescriptor.TYPE_INT64: _INTEGER,
        FieldDescriptor.TYPE_STRING: {"type": "string"},
    }
)


class Schemas:
    """Gathers the schemas of all messages that were asked for, and of those inside of them."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def reference(self, message: Descriptor) -> Schema:
        """To the message's schema."""
        if message.full_name in _KNOWN:
            return dict(_KNOWN[message.full_name])
        name = message.full_name
        if name not in self.components:
            self.components[name] = {}  # a message may contain itself
            self.components[name] = self._message(message)
        return {"$ref": f"#/components/schemas/{name}"}

    def field(self, field: FieldDescriptor) -> Schema:
        """Of its value, with its constraints."""
        if validation.is_map(field):
            return self._map(field)
        if field.is_repeated:
            bounds = _bounds(validation.option(field, "size"), "minItems", "maxItems")
            return {"type": "array", "items": self._value(field), **bounds}
        return self._value(field)

    def parameter(self, field: FieldDescriptor) -> Schema:
        """Of a value in a query, where numbers are written as such."""
        if field.type == FieldDescriptor.TYPE_INT64:
            bounds = _bounds(validation.option(field, "value") or "0-1000", "minimum", "maximum")
            return {"type": "integer", "format": "int64", **bounds, "minimum": 0}
        return self.field(field)

    def _message(self, message: Descriptor) -> Schema:
        required = [each.json_name for each in message.fields if validation.option(each, "required")]
        schema: Schema = {
            "type": "object",
            "properties": {each.json_name: self.field(each) for each in message.fields},
            "additionalProperties": False,
        }
        return {**schema, "required": required} if required else schema

    def _map(self, field: FieldDescriptor) -> Schema:
        value = field.message_type.fields_by_name["value"]
        text = _text(validation.option(field, "length"), validation.option(field, "pattern"))
        bounds = _bounds(validation.option(field, "size"), "minProperties", "maxProperties")
        return {"type": "object", "additionalProperties": {**self._value(value), **text}, **bounds}

    def _value(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.reference(field.message_type)
        if field.enum_type is not None:
            return _enum(field.enum_type, is_required=bool(validation.option(field, "required")))
        schema = dict(_SCALARS[field.type])
        if field.type == FieldDescriptor.TYPE_STRING:
            schema |= _text(validation.length(field), validation.option(field, "pattern"))
            if validation.option(field, "required") and not field.is_repeated:
                schema["minLength"] = 1
        return schema


def _enum(enum: EnumDescriptor, *, is_required: bool) -> Schema:
    names = [value.name for value in enum.values if value.number or not is_required]
    return {"type": "string", "enum": names}


def _text(length: str, pattern: str) -> Schema:
    schema = _bounds(length, "minLength", "maxLength")
    return {**schema, "pattern": f"^(?:{pattern})$"} if pattern else schema


def _bounds(bound: str, least: str, most: str) -> Schema:
    """`5`, `0-1000`, `<=50`, `>0` as two limits."""
    match = re.fullmatch(r"(<=|>=|<|>|)(\d+)(?:-(\d+))?", bound)
    if match is None:
        return {}
    sign, low, high = match[1], int(match[2]), match[3]
    limits: Mapping[str, Schema] = {
        "<=": {most: low},
        "<": {most: low - 1},
        ">=": {least: low},
        ">": {least: low + 1},
        "": {least: low, most: int(high or low)},
    }
    return limits[sign]

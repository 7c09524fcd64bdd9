"""What protobuf's reader of JSON takes, though ProtoJSON has no such form (protobuf.dev, "ProtoJSON format").

`"1_0"` and other ways in which Python writes numbers, and a field in both of its spellings at once.
"""

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from careen.api import validation
from careen.api.validation import invalid

# types-protobuf knows no fields_by_camelcase_name.
_Descriptor = Any

_ENUM = re.compile(r"-?[0-9]+|[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DURATION = re.compile(r"-?[0-9]+(\.[0-9]{1,9})?s")
_NAME_OF_DURATION = "google.protobuf.Duration"
_FORMS = {
    FieldDescriptor.TYPE_ENUM: _ENUM,
    FieldDescriptor.TYPE_INT32: _NUMBER,
    FieldDescriptor.TYPE_INT64: _NUMBER,
}
_WORDS = {_DURATION: "duration", _ENUM: "name or number of a value", _NUMBER: "number"}


def check(descriptor: _Descriptor, document: Mapping[str, Any]) -> None:
    """Raises InvalidRequest, naming the field; what the reader refuses by itself is left to it."""
    seen: set[str] = set()
    for name, value in document.items():
        field = field_named(descriptor, name)
        if field is None:
            continue
        if field.name in seen:
            raise invalid(name, "is given twice")
        seen.add(field.name)
        for item in value if isinstance(value, list) else [value]:
            _check(field, item, name)


# The depth of this recursion is that of the message types.
def _check(field: FieldDescriptor, value: object, name: str) -> None:
    if isinstance(value, dict) and field.message_type is not None and not validation.is_map(field):
        check(field.message_type, value)
    elif isinstance(value, str):
        form = _form(field)
        if form is not None and not form.fullmatch(value):
            raise invalid(name, f"{value[:100]!r} is no {_WORDS[form]}")


def _form(field: FieldDescriptor) -> re.Pattern[str] | None:
    is_duration = field.message_type is not None and field.message_type.full_name == _NAME_OF_DURATION
    return _DURATION if is_duration else _FORMS.get(field.type)


def field_named(descriptor: _Descriptor, name: str) -> Any:  # noqa: ANN401 - see _Descriptor
    """By either of its spellings, or None."""
    return descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)

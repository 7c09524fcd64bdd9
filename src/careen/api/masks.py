"""Update masks (googleapis/google/protobuf/field_mask.proto): which fields of a resource an Update writes.

A path may lead into a message (`rules.push_rule.disabled`) or to one entry of a map (`labels.team`). What it
leads to and the request has not is cleared.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from careen.api import validation
from careen.api.validation import InvalidRequest, invalid

_SHOWN = 100  # characters of a path, in a message


class Mask:
    """That of one request; without paths it names all `fields`.

    Raises InvalidRequest for a path that leads anywhere else.
    """

    def __init__(self, request: Message, fields: Sequence[str]) -> None:
        asked: Any = request
        self._request = request
        self._fields = fields
        self._paths = tuple(path.split(".") for path in asked.update_mask.paths)
        for path in self._paths:
            if path[0] not in fields or not _is_path(request.DESCRIPTOR, path):
                raise self._unknown(".".join(path))

    def values(self, current: Message) -> Mapping[str, Any]:
        """The new values of the fields that the mask names, each whole; `current` has the resource's own.

        Raises InvalidRequest where parts of both make what the request could not have said itself.
        """
        whole = {path[0] for path in self._paths if len(path) == 1}
        parts = [path for path in self._paths if path[0] not in whole]
        made: Any = type(self._request)()
        made.CopyFrom(self._request)
        made.update_mask.paths[:] = sorted({path[0] for path in self._paths})
        for name in {path[0] for path in parts}:
            _copy(current, made, name)
        for path in parts:
            _write(self._request, made, path)
        if parts:
            validation.check(made)
        return {name: getattr(made, name) for name in self._fields if self._names(name)}

    def _names(self, field: str) -> bool:
        return not self._paths or any(path[0] == field for path in self._paths)

    def _unknown(self, path: str) -> InvalidRequest:
        said = f"{path[:_SHOWN]!r} cannot be updated, only {', '.join(self._fields)} and what is in them"
        return invalid("update_mask", said)


# types-protobuf has no name for the class that a message's DESCRIPTOR is of.
def _is_path(descriptor: Any, path: Sequence[str]) -> bool:  # noqa: ANN401
    field = descriptor.fields_by_name.get(path[0])
    if field is None or len(path) == 1:
        return field is not None
    if validation.is_map(field):
        return len(path) == 2 and bool(path[1])  # noqa: PLR2004 - the map and the key
    is_message = field.message_type is not None and not field.is_repeated
    return is_message and _is_path(field.message_type, path[1:])


def _write(source: Message, target: Message, path: Sequence[str]) -> None:
    name, *rest = path
    if not rest:
        _copy(source, target, name)
    elif validation.is_map(_field(source, name)):
        _write_entry(getattr(source, name), getattr(target, name), rest[0])
    else:
        _write(getattr(source, name), getattr(target, name), rest)


def _write_entry(source: Mapping[str, str], target: dict[str, str], key: str) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def _copy(source: Message, target: Message, name: str) -> None:
    """Between messages of two types that have the same field."""
    field = _field(source, name)
    target.ClearField(name)
    if field.is_repeated:
        getattr(target, name).MergeFrom(getattr(source, name))
    elif field.message_type is None:
        setattr(target, name, getattr(source, name))
    elif source.HasField(name):
        getattr(target, name).CopyFrom(getattr(source, name))


def _field(message: Message, name: str) -> FieldDescriptor:
    field: FieldDescriptor = message.DESCRIPTOR.fields_by_name[name]
    return field

"""Checks a request against the constraints written in its descriptors (yandex/cloud/validation.proto).

A pattern must match the whole value, the empty one too: a leading `|` is how the protos allow it. Fields are
named as in the proto, with dots and indices (`rules[0].tag_regexp`), as google.rpc.BadRequest wants them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import islice
from types import MappingProxyType

from google.protobuf.descriptor import FieldDescriptor, OneofDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from yandex.cloud import validation_pb2 as options

from careen.errors import Invalid

# Where an image's id is asked for, careen also takes a reference (it has a "/"), which may be longer.
_IMAGE = "image_id"
_REFERENCE_LENGTH = "<=1000"
# careen's tokens hold what the last row is ordered by, which may be a long name.
_POSITION = "page_token"
_POSITION_LENGTH = "<=2000"
_TEXT_LENGTH = "<=1000"  # where the protos say nothing: bounds what a pattern has to work through
_MOST_VIOLATIONS = 20
_MOST_SECONDS = 315_576_000_000  # of a duration: ten thousand years
_UNITS = MappingProxyType({"s": "seconds", "m": "minutes", "h": "hours", "d": "days"})


@dataclass(frozen=True, slots=True)
class Violation:
    field: str  # "image_id"
    description: str  # "must be given"

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


class InvalidRequest(Invalid):
    """A request with everything that is wrong with it."""

    def __init__(self, *violations: Violation) -> None:
        text = "; ".join(map(str, violations))
        super().__init__(f"Request validation error: {text}", field=violations[0].field)
        self.violations = violations


def invalid(field: str, description: str) -> InvalidRequest:
    return InvalidRequest(Violation(field, description))


def check(request: Message) -> None:
    """Raises InvalidRequest with the first twenty violations, in the order of the fields."""
    if violations := tuple(islice(_message(request, ""), _MOST_VIOLATIONS)):
        raise InvalidRequest(*violations)


# The depth of this recursion is that of the message types, not of the input: no request type contains itself.
def _message(message: Message, prefix: str) -> Iterator[Violation]:
    for oneof in message.DESCRIPTOR.oneofs:
        yield from _oneof(message, oneof, prefix)
    for field in message.DESCRIPTOR.fields:
        yield from _field(message, field, prefix + field.name)


def _oneof(message: Message, oneof: OneofDescriptor, prefix: str) -> Iterator[Violation]:
    chosen = message.WhichOneof(oneof.name)
    if _is_exactly_one(oneof) and not (chosen and getattr(message, chosen)):
        names = ", ".join(field.name for field in oneof.fields)
        yield Violation(prefix + (chosen or oneof.name), f"exactly one of {names} must be given")


@cache
def _is_exactly_one(oneof: OneofDescriptor) -> bool:
    return bool(oneof.GetOptions().Extensions[options.exactly_one])


def _field(message: Message, field: FieldDescriptor, path: str) -> Iterator[Violation]:
    if _is_left_alone(message, field):
        return
    if field.has_presence and not message.HasField(field.name):
        if option(field, "required"):
            yield Violation(path, "must be given")
        return
    value = getattr(message, field.name)
    if option(field, "required") and not value and field.message_type is None:
        yield Violation(path, "must be given")
    elif is_map(field):
        yield from _size(field, len(value), path)
        yield from _entries(field, value, path)
    elif field.is_repeated:
        yield from _size(field, len(value), path)
        for index, item in enumerate(value):
            yield from _value(field, item, f"{path}[{index}]")
    else:
        yield from _value(field, value, path)


def _is_left_alone(message: Message, field: FieldDescriptor) -> bool:
    """Of what an update mask does not name no value is asked for; only enums are required beside the id.

    What it names in part is checked when it is whole (`masks`).
    """
    mask: tuple[str, ...] = tuple(message.update_mask.paths) if hasattr(message, "update_mask") else ()
    if not mask or field.name in mask:
        return False
    return field.enum_type is not None or any(path.startswith(f"{field.name}.") for path in mask)


def _value(field: FieldDescriptor, value: object, path: str) -> Iterator[Violation]:
    if isinstance(value, str):
        yield from _text(value, path, _length(field, value), option(field, "pattern"))
    elif isinstance(value, Duration):
        yield from _duration(value, path, option(field, "value"))
    elif isinstance(value, Message):
        yield from _message(value, path + ".")
    elif field.enum_type is not None:
        if value not in field.enum_type.values_by_number:
            yield Violation(path, f"{value} is no number of {field.enum_type.full_name}")
    elif isinstance(value, int):
        yield from _bound(path, "the value", value, option(field, "value"))


def length(field: FieldDescriptor) -> str:
    """The bound on a text's length: the proto's, or a wider one of careen's own; "" = none is written."""
    own = {_IMAGE: _REFERENCE_LENGTH, _POSITION: _POSITION_LENGTH}
    return own.get(field.name) or option(field, "length")


def _length(field: FieldDescriptor, value: str) -> str:
    is_id = field.name == _IMAGE and "/" not in value
    return option(field, "length") if is_id else length(field)


def _entries(field: FieldDescriptor, entries: Mapping[str, object], path: str) -> Iterator[Violation]:
    rule = field.GetOptions().Extensions[options.map_key]
    for key, value in entries.items():
        yield from _text(key, f"{path} (a key)", rule.length, rule.pattern)
        yield from _value(field, value, f"{path} (a value)")


def _text(value: str, path: str, length: str, pattern: str) -> Iterator[Violation]:
    limit = length or _TEXT_LENGTH
    if not _within(limit)(len(value)):
        yield Violation(path, f"the length must be {limit}")
    elif "\0" in value:
        yield Violation(path, "must not contain a NUL character")
    elif pattern and not re.fullmatch(pattern, value):
        yield Violation(path, f"must match {pattern}")


def _duration(value: Duration, path: str, bound: str) -> Iterator[Violation]:
    """Most pairs of seconds and nanoseconds are none (googleapis/google/protobuf/duration.proto)."""
    if abs(value.seconds) > _MOST_SECONDS or not _is_fraction(value):
        yield Violation(path, "is no duration")
    else:
        yield from _bound(path, "the duration", value.ToTimedelta(), bound)


def _is_fraction(value: Duration) -> bool:
    """Whether the nanoseconds are less than a second, and of the sign of the seconds."""
    return abs(value.nanos) < 10**9 and value.seconds * value.nanos >= 0


def _size(field: FieldDescriptor, size: int, path: str) -> Iterator[Violation]:
    yield from _bound(path, "the number of elements", size, option(field, "size"))


def _bound(path: str, what: str, value: int | timedelta, bound: str) -> Iterator[Violation]:
    if bound and not _within(bound)(value):
        yield Violation(path, f"{what} must be {bound}")


@cache
def _within(bound: str) -> Callable[[int | timedelta], bool]:
    """The test that `bound` writes: `5`, `0-1000`, `<=50`, `<50`, `>=24h`, `>0`."""
    sign, low, high = _parts(bound)
    first = _quantity(low)
    tests: Mapping[str, Callable[..., bool]] = {
        "<=": lambda value: value <= first,
        ">=": lambda value: value >= first,
        "<": lambda value: value < first,
        ">": lambda value: value > first,
        "": lambda value: first <= value <= _quantity(high or low),
    }
    return tests[sign]


def _parts(bound: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(<=|>=|<|>|)(\d+[smhd]?)(?:-(\d+[smhd]?))?", bound)
    if match is None:
        raise LookupError(f"a constraint that careen does not know: {bound}")
    return match[1], match[2], match[3] or ""


def _quantity(text: str) -> int | timedelta:
    unit = _UNITS.get(text[-1])
    return timedelta(**{unit: int(text[:-1])}) if unit else int(text)


@cache
def option(field: FieldDescriptor, name: str) -> str:
    """What yandex/cloud/validation.proto says of the field by that name."""
    value: str = field.GetOptions().Extensions[options.DESCRIPTOR.extensions_by_name[name]]
    return value


@cache
def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry

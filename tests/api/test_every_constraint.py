"""Every constraint that is written in the protos, at whatever depth: breaking it names the very field."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from yandex.cloud import validation_pb2

from careen.api.methods import METHODS
from careen.api.validation import InvalidRequest, check

OPTIONS = ("required", "length", "pattern", "value", "size")
OWN = {"page_token": 2000}  # careen's tokens are longer where a long name is the order
TEXTS = ("", "abc", "a", "10.0.0.1", "crp/abc", "*")  # one of them fits every pattern


@dataclass(frozen=True)
class Place:
    """A field of a request, at any depth."""

    path: str  # as BadRequest names it
    steps: tuple[str | int, ...]  # to the message that has it
    field: Any

    def within(self, request: Any) -> Any:
        found = request
        for step in self.steps:
            found = found[step] if isinstance(step, int) else getattr(found, step)
        return found


def option(field: Any, name: str) -> Any:
    return field.GetOptions().Extensions[getattr(validation_pb2, name)]


def is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def is_plain(field: Any) -> bool:
    """Of messages that have no constraints of Yandex': Duration, FieldMask."""
    return field.message_type is None or field.message_type.full_name.startswith("google.")


def places(descriptor: Any, path: str = "", steps: tuple[str | int, ...] = ()) -> Iterator[Place]:
    for field in descriptor.fields:
        yield Place(path + field.name, steps, field)
        if is_plain(field) or is_map(field):
            continue
        if field.is_repeated:
            yield from places(field.message_type, f"{path}{field.name}[0].", (*steps, field.name, 0))
        else:
            yield from places(field.message_type, f"{path}{field.name}.", (*steps, field.name))


def fill(message: Any) -> Any:
    """With something valid in every field; of a oneof the first."""
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and field != field.containing_oneof.fields[0]:
            continue
        if is_map(field):
            getattr(message, field.name)["key"] = "value"
        elif field.message_type is not None and field.message_type.full_name == "google.protobuf.Duration":
            getattr(message, field.name).seconds = 86400
        elif field.message_type is not None:
            inner = getattr(message, field.name)
            fill(inner.add() if field.is_repeated else inner) if not is_plain(field) else None
        elif field.type == FieldDescriptor.TYPE_STRING:
            pattern = option(field, "pattern") or ".*"
            text = next(each for each in TEXTS[1:] if re.fullmatch(pattern, each))
            getattr(message, field.name).append(text) if field.is_repeated else setattr(
                message, field.name, text
            )
        else:
            setattr(message, field.name, 1)
    return message


def breaches(place: Place) -> Iterator[tuple[str, Callable[[Any], object]]]:
    """Ways to break the field's constraints, and the path that must be named."""
    field, name, path = place.field, place.field.name, place.path
    text = field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated
    if option(field, "required"):
        yield path, lambda holder: holder.ClearField(name)
    if text and (bound := option(field, "length")):
        longest = OWN.get(name, int(bound.removeprefix("<=")))
        yield path, lambda holder: setattr(holder, name, "a" * (longest + 1))
    if text and option(field, "pattern"):
        yield path, lambda holder: setattr(holder, name, "!\n")
    if field.is_repeated and field.type == FieldDescriptor.TYPE_STRING and option(field, "pattern"):
        yield f"{path}[1]", lambda holder: getattr(holder, name).append("!")
    if field.enum_type is not None:
        yield path, lambda holder: setattr(holder, name, 99)
    if bound := option(field, "value"):
        yield from ((path, change) for change in out_of(bound, name))
    if bound := option(field, "size"):
        yield from ((path, change) for change in too_many(bound, name, field))
    if is_map(field):
        yield f"{path} (a key)", lambda holder: getattr(holder, name).update({"NOT A KEY": ""})
        yield f"{path} (a key)", lambda holder: getattr(holder, name).update({"k" * 64: ""})
        yield f"{path} (a value)", lambda holder: getattr(holder, name).update({"key": "NOT A VALUE"})
        yield f"{path} (a value)", lambda holder: getattr(holder, name).update({"key": "v" * 64})


def out_of(bound: str, name: str) -> Iterator[Callable[[Any], object]]:
    if bound == ">=24h":
        yield lambda holder: getattr(holder, name).FromSeconds(86399)
    if bound.startswith((">=0", "0-")):
        yield lambda holder: setattr(holder, name, -1)
    if bound.endswith("1000"):
        yield lambda holder: setattr(holder, name, 1001)


def too_many(bound: str, name: str, field: Any) -> Iterator[Callable[[Any], object]]:
    if bound in {">0", "1-1000"}:
        yield lambda holder: holder.ClearField(name)
    if bound.endswith("1000"):
        yield lambda holder: [fill(getattr(holder, name).add()) for _ in range(1001)]
    if bound == "<=64" and is_map(field):
        yield lambda holder: getattr(holder, name).update({f"key{number}": "" for number in range(65)})


def wrong(request: Any) -> list[str]:
    try:
        check(request)
    except InvalidRequest as error:
        return [violation.field for violation in error.violations]
    return []


@pytest.mark.parametrize("name", METHODS)
def test_each_constraint_is_asked_for_by_itself(name: str) -> None:
    kind: Any = METHODS[name].request
    whole = fill(kind())
    assert wrong(whole) == []
    for place in places(kind.DESCRIPTOR):
        for path, change in breaches(place):
            request = kind()
            request.CopyFrom(whole)
            change(place.within(request))
            assert path in wrong(request), (path, request)


def test_the_table_knows_every_constraint_that_there_is() -> None:
    """A form of a bound that is new must not pass for none."""
    found: dict[str, set[str]] = {option_name: set() for option_name in OPTIONS}
    for method in METHODS.values():
        for place in places(method.request.DESCRIPTOR):
            for option_name in OPTIONS:
                if value := option(place.field, option_name):
                    found[option_name].add(str(value))
    assert found["value"] <= {"<=1000", "0-1000", ">=24h", ">=0"}
    assert found["size"] <= {">0", "<=64", "<=1000", "1-1000"}
    assert all(re.fullmatch(r"<=\d+", bound) for bound in found["length"])
    assert len(found["pattern"]) >= 5
    tried = [
        path
        for method in METHODS.values()
        for place in places(method.request.DESCRIPTOR)
        for path, _ in breaches(place)
    ]
    assert len(tried) > 200
    assert "rules.schedule_rules[0].repository_prefixes[1]" in tried
    assert "access_binding_deltas[0].access_binding.subject.type" in tried

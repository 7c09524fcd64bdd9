"""Strict and bounded reading of the JSON documents that describe an image."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from careen.errors import Invalid
from careen.model import digest as digests
from careen.model.digest import Digest

LIMIT = 4 << 20  # bytes of a document; the size up to which every registry must take a manifest

_MAX_DEPTH = 32
_MAX_ITEMS = 2_000  # of a list of descriptors; image builders stop at 127 layers
_MAX_TEXT = 16 << 10  # characters; tokens are the longest
_TOLD = 80  # characters of what the parser says
_MAX_NUMBER = (1 << 63) - 1


class InvalidDocument(Invalid): ...


def load(body: bytes) -> object:
    """The JSON value of `body`; raises InvalidDocument when it is too large, too deep or ambiguous."""
    if len(body) > LIMIT:
        raise InvalidDocument(f"it has {len(body)} bytes, more than {LIMIT}")
    try:
        value = json.loads(body.decode(), object_pairs_hook=_unambiguous, parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidDocument(f"it is no JSON (nested more than {_MAX_DEPTH} deep)") from None
    except ValueError as error:
        raise InvalidDocument(f"it is no JSON ({str(error)[:_TOLD]})") from error
    _check_depth(value)
    return value


def load_object(body: bytes, what: str = "it") -> "Fields":
    """The JSON object of `body`, read field by field; errors call it `what`."""
    try:
        return Fields.of(load(body), what)
    except InvalidDocument as error:
        raise InvalidDocument(error.message if what == "it" else f"{what}: {error.message}") from error


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object that is read field by field; `where` says in messages which one it is.

    Every method raises InvalidDocument for a value of the wrong kind. A null is a field that is not there.
    """

    where: str
    fields: Mapping[str, object]

    @classmethod
    def of(cls, value: object, where: str) -> "Fields":
        if not isinstance(value, dict):
            raise InvalidDocument(f"{where} is no JSON object")
        return cls(where, value)

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str, *, default: str | None = None) -> str:
        """Printable text of bounded length; without a default it must be there and say something."""
        value = self.fields.get(name)
        if default is not None and value is None:
            return default
        if default is None and (value is None or value == ""):
            raise InvalidDocument(f"{self._place(name)} is missing")
        return self._printable(value, name)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(self._printable(value, name) for value in self._list(name))

    def number(self, name: str) -> int:
        """A non-negative integer of 63 bits."""
        value = self.fields.get(name)
        if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
            raise InvalidDocument(f"{self._place(name)} must be a whole number")
        return value

    def digest(self, name: str) -> Digest:
        try:
            return digests.parse(self.text(name))
        except digests.InvalidDigest as error:
            raise InvalidDocument(f"{self._place(name)}: {error.message}") from error

    def child(self, name: str) -> "Fields":
        """The object under `name`; an empty one when there is none."""
        value = self.fields.get(name)
        return Fields.of({} if value is None else value, self._place(name))

    def children(self, name: str) -> "Iterable[Fields]":
        for position, value in enumerate(self._list(name)):
            yield Fields.of(value, f"{self._place(name)}[{position}]")

    def _list(self, name: str) -> list[object]:
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise InvalidDocument(f"{self._place(name)} must be a list")
        if len(value) > _MAX_ITEMS:
            raise InvalidDocument(f"{self._place(name)} has {len(value)} items, more than {_MAX_ITEMS}")
        return value

    def _printable(self, value: object, name: str) -> str:
        if not isinstance(value, str):
            raise InvalidDocument(f"{self._place(name)} must be text")
        if len(value) > _MAX_TEXT or not value.isprintable():
            raise InvalidDocument(f"{self._place(name)} is too long or not printable")
        return value

    def _place(self, name: str) -> str:
        return name if self.where == "it" else f"{self.where}.{name}"


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Which of two equal names counts differs from parser to parser (CVE-2021-41190 is of that kind)."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidDocument("a name stands twice in one object")
    return fields


def _refuse_constant(name: str) -> object:
    raise InvalidDocument(f"{name} is no JSON")


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise InvalidDocument(f"it is nested more than {_MAX_DEPTH} deep")


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()

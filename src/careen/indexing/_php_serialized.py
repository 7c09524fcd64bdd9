"""Values as PHP's serialize() writes them (php.net/serialize): `a:1:{s:4:"name";s:5:"redis";}`."""

import re
from typing import NoReturn

from careen.errors import Invalid

_SCALAR = re.compile(rb"N;|[bid]:[0-9.eE+-]{1,32};")
_TEXT = re.compile(rb's:([0-9]{1,8}):"')
_ARRAY = re.compile(rb"a:[0-9]{1,8}:\{")
_DEEPEST = 32  # arrays in arrays


class InvalidSerialized(Invalid): ...


def arrays(content: bytes) -> dict[str, object]:
    """The array that the content is: texts and arrays by their keys; other values are "". No objects.

    Raises InvalidSerialized.
    """
    reader = _Reader(content)
    value = reader.value(0)
    return value if isinstance(value, dict) else reader.fail()


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def value(self, depth: int) -> str | dict[str, object]:
        if found := _TEXT.match(self._content, self._at):
            return self._text(found)
        if found := _ARRAY.match(self._content, self._at):
            self._at = found.end()
            return self._array(depth + 1) if depth < _DEEPEST else self.fail()
        if found := _SCALAR.match(self._content, self._at):
            self._at = found.end()
            return ""
        return self.fail()

    def fail(self) -> NoReturn:
        raise InvalidSerialized(f"it is nothing that PHP serialized, at byte {self._at}")

    def _text(self, found: re.Match[bytes]) -> str:
        start, end = found.end(), found.end() + int(found[1])
        if self._content[end : end + 2] != b'";':
            self.fail()
        self._at = end + 2
        return self._content[start:end].decode("utf-8", "replace")

    def _array(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while self._content[self._at : self._at + 1] != b"}":
            key, value = self.value(depth), self.value(depth)
            if isinstance(key, str) and key:  # numbers are of no interest
                found[key] = value
        self._at += 1
        return found

"""Bounded reading of JSON files (RFC 8259) that package managers leave in an image."""

import json
from typing import Final

from careen.errors import Invalid
from careen.model.file import File

# conda's record of a package with 40,000 files, the longest honest document, has 15 MB and 600,000 marks.
_LARGEST: Final = 16 << 20  # bytes
_MOST_MARKS: Final = 1_000_000  # characters that begin or separate values: each may cost some 100 bytes
_MARKS: Final = b",:[{"


class InvalidJson(Invalid): ...


def load(file: File) -> object:
    """The JSON value that the file holds; raises InvalidJson for what is none, too large or too deep."""
    if sum(map(len, file.pieces)) > _LARGEST:
        raise InvalidJson(f"it has more than {_LARGEST} bytes")
    content = file.read()
    if len(content) > _MOST_MARKS and sum(content.count(mark) for mark in _MARKS) > _MOST_MARKS:
        raise InvalidJson(f"it has more than {_MOST_MARKS} values")
    try:
        return json.loads(content.decode("utf-8-sig", "replace"))
    except RecursionError:
        raise InvalidJson("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidJson(f"it is no JSON: {error}"[:200]) from None


def load_object(file: File) -> dict[str, object]:
    """The JSON object that the file holds; raises InvalidJson."""
    return as_object(load(file))


def as_object(value: object) -> dict[str, object]:
    """Raises InvalidJson for anything but an object."""
    if not isinstance(value, dict):
        raise InvalidJson("it is no JSON object")
    return value


def text(value: object) -> str:
    """The value, if it is text; else "", which is no name and no version."""
    return value if isinstance(value, str) else ""

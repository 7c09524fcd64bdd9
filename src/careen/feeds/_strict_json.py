"""JSON without what RFC 8259 leaves open: a name stands once in an object, and numbers are numbers."""

import json
from collections.abc import Sequence
from typing import Never

from careen.errors import Invalid


class Ambiguous(Invalid):
    """Readers of this text may come to different answers."""


def _unique(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise Ambiguous(f"the name {twice[:100]!r} stands twice in one object")
    return found


def _no_number(word: str) -> Never:
    raise Ambiguous(f"{word} is no number of JSON")


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


def decode(data: bytes) -> object:
    """Raises ValueError, RecursionError and Ambiguous."""
    return DECODER.decode(data.decode("utf-8-sig"))

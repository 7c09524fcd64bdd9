"""The fields that a list can be filtered and ordered by, and the ways in which clients write them.

`status` may be written `ScanResult.status` or `scanResult.status`; `created_at` also `createdAt`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Field:
    name: str  # of the field in the store's list
    messages: tuple[str, ...] = ()  # that the name may be written below, in snake_case
    parse: Callable[[str], object] = str  # a value of it; raises ValueError with what is allowed

    def is_named(self, written: str) -> bool:
        message, _, name = _snake_case(written).rpartition(".")
        return name == self.name and (not message or message in self.messages)


def find(written: str, fields: Sequence[Field]) -> Field:
    """The field that is meant; raises ValueError with the names that can be."""
    for field in fields:
        if field.is_named(written):
            return field
    raise ValueError(
        f"can be by {', '.join(field.name for field in fields)}" if fields else "is not supported"
    )


def member_of(enum: type[IntEnum]) -> Callable[[str], object]:
    """A parser of the enum's names."""

    def parse(text: str) -> object:
        if text not in enum.__members__:
            raise ValueError("the value must be one of " + ", ".join(enum.__members__))
        return enum[text]

    return parse


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()

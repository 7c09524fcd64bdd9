"""Stanzas of `Field: value` lines between empty lines, as deb822(5) has them."""

from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple


class Stanza(NamedTuple):
    line: int  # where it begins, from 1
    fields: dict[str, str]  # by name in small letters, without continuation lines
    malformed: int  # the first line that is no field; 0 = there is none


def stanzas(lines: Iterable[str], wanted: Container[str]) -> Iterator[Stanza]:
    """Each stanza with those of its fields that are `wanted`; of a field said twice the first counts."""
    current: Stanza | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            if current is not None:
                yield current
            current = None
            continue
        if current is None:
            current = Stanza(number, {}, 0)
        current = _with_line(current, number, line, wanted)
    if current is not None:
        yield current


def _with_line(stanza: Stanza, number: int, line: str, wanted: Container[str]) -> Stanza:
    if line[0] in " \t":
        return stanza
    name, colon, value = line.partition(":")
    if not colon or not name.isascii() or not name.isprintable() or " " in name:
        return stanza if stanza.malformed else stanza._replace(malformed=number)
    name = name.lower()
    if name in wanted:
        stanza.fields.setdefault(name, value.strip())
    return stanza

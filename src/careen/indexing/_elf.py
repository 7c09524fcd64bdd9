"""Sections and segments of ELF files (System V ABI, chapters 4 and 5)."""

import struct
from collections.abc import Iterator
from typing import Final

from careen.indexing._rope import Rope
from careen.indexing._section import MAX_SECTIONS, BadExecutable, Section

_MAGIC: Final = b"\x7fELF"
_WIDE: Final = b"\2"
_BIG_ENDIAN: Final = b"\2"
_LARGEST_HEADER: Final = 64  # bytes
_NO_BITS: Final = 8  # a section without bytes in the file
_LOAD: Final = 1  # a segment that is loaded
_WRITABLE: Final = 2
_RIGHTS: Final = 3  # to write, and to execute
_CODE_ONLY: Final = 1
_INSTRUCTIONS: Final = 4  # a section that is executable
_EXTENDED: Final = 0xFFFF  # "stands in section 0"
_MAX_NAMES: Final = 1 << 20  # bytes
_LONGEST_NAME: Final = 64
_GO: Final = b".go.buildinfo"  # a section that an indexer asks for
_RUST: Final = b".dep-v0"  # and another one
_CODE: Final = b".text"


class _Layout:
    """The tables' forms: word size and byte order."""

    def __init__(self, order: str, *, is_wide: bool) -> None:
        self.is_wide = is_wide
        word = "Q" if is_wide else "I"
        self.header = struct.Struct(f"{order}16x2HI3{word}I6H")
        self.section = struct.Struct(f"{order}2I4{word}2I2{word}")
        self.segment = struct.Struct(f"{order}2I6Q" if is_wide else f"{order}8I")


_LITTLE: Final = {is_wide: _Layout("<", is_wide=is_wide) for is_wide in (False, True)}
_BIG: Final = {is_wide: _Layout(">", is_wide=is_wide) for is_wide in (False, True)}


def sections(rope: Rope) -> list[Section]:
    """The sections with bytes in the file, then the loaded segments. Raises BadExecutable.

    None of them where there is code, and no section tells anything, as in most files.
    """
    layout, fields = _header(rope)
    segments_at, sections_at = fields[4:6]
    _, segments, size, count, names = fields[8:13]
    found = _sections(rope, layout, sections_at, count, names) if sections_at and size else []
    return [] if found is None else [*found, *_segments(rope, layout, segments_at, segments)]


def loaded(rope: Rope) -> list[Section]:
    """The loaded segments, as far as their table is there. Raises BadExecutable."""
    layout, fields = _header(rope)
    return list(_segments(rope, layout, fields[4], fields[9]))


def code(rope: Rope) -> Iterator[tuple[int, int]]:
    """Where the sections with instructions begin and end, in the order of the table. Raises BadExecutable."""
    layout, fields = _header(rope)
    for _, kind, flags, _, offset, size, *_ in _rows(rope, layout.section, fields[5], fields[11]):
        if flags & _INSTRUCTIONS and kind != _NO_BITS:
            yield offset, offset + size


def _header(rope: Rope) -> tuple[_Layout, tuple[int, ...]]:
    header = rope.read(0, _LARGEST_HEADER)
    if not header.startswith(_MAGIC):
        raise BadExecutable("it is no ELF file")
    layout = (_BIG if header[5:6] == _BIG_ENDIAN else _LITTLE)[header[4:5] == _WIDE]
    if len(header) < layout.header.size:
        raise BadExecutable("its ELF header is cut off")
    return layout, layout.header.unpack_from(header)


def _sections(rope: Rope, layout: _Layout, at: int, count: int, names: int) -> list[Section] | None:
    """None where there is code and nothing that tells."""
    table = rope.read(at, min(count or 1, MAX_SECTIONS) * layout.section.size)
    if len(table) < layout.section.size:
        raise BadExecutable("its section table lies beyond its end")
    starts = _starts(table, layout.section)
    if names == _EXTENDED:
        names = layout.section.unpack_from(table)[6]
    if names >= len(starts):
        raise BadExecutable("its sections have no names")
    row = layout.section.unpack_from(table, starts[names])
    text = rope.read(row[4], min(row[5], _MAX_NAMES))
    if text.find(_GO) < 0 and text.find(_RUST) < 0:  # `in` makes an error first: bytes might be a number
        return None if text.find(_CODE) >= 0 else []
    found = []
    for start in starts:
        name, kind, flags, address, offset, size, *_ = layout.section.unpack_from(table, start)
        if kind not in (0, _NO_BITS):
            found.append(Section(_name(text, name), address, offset, size, bool(flags & 1)))
    return found


def _segments(rope: Rope, layout: _Layout, at: int, count: int) -> Iterator[Section]:
    for fields in _rows(rope, layout.segment, at, count):
        if layout.is_wide:
            kind, flags, offset, address, _, size, *_ = fields
        else:
            kind, offset, address, _, size, _, flags, _ = fields
        if kind == _LOAD:
            yield Section("", address, offset, size, bool(flags & _WRITABLE), flags & _RIGHTS == _CODE_ONLY)


def _rows(rope: Rope, form: struct.Struct, at: int, count: int) -> Iterator[tuple[int, ...]]:
    table = rope.read(at, min(count, MAX_SECTIONS) * form.size)
    for start in _starts(table, form):
        yield form.unpack_from(table, start)


def _starts(table: bytes, form: struct.Struct) -> range:
    return range(0, len(table) - form.size + 1, form.size)


def _name(text: bytes, at: int) -> str:
    return text[at : at + _LONGEST_NAME].partition(b"\0")[0].decode("latin-1")

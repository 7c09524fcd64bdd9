"""Sections of Windows executables (Microsoft, "PE Format")."""

import struct

from careen.indexing._rope import Rope
from careen.indexing._section import MAX_SECTIONS, BadExecutable, Section

_COFF = struct.Struct("<4s2H3I2H")
_SECTION = struct.Struct("<8s6I2HI")
_BASE_AT = {0x10B: (28, "<I"), 0x20B: (24, "<Q")}  # by the optional header's magic: PE32, PE32+
_WRITABLE = 0x80000000


def sections(rope: Rope) -> list[Section]:
    """Raises BadExecutable."""
    (start,) = struct.unpack("<I", rope.read(0x3C, 4).ljust(4, b"\0"))
    header = rope.read(start, _COFF.size)
    if len(header) < _COFF.size or not header.startswith(b"PE\0\0"):
        raise BadExecutable("it has no PE header")
    _, _, count, *_, optional, _ = _COFF.unpack(header)
    at = start + _COFF.size
    base = _base(rope.read(at, min(optional, 64)))
    table = rope.read(at + optional, min(count, MAX_SECTIONS) * _SECTION.size)
    rows = (_SECTION.unpack_from(table, each) for each in range(0, len(table) // 40 * 40, 40))
    return [
        Section(name.rstrip(b"\0").decode("latin-1"), base + address, offset, size, bool(flags & _WRITABLE))
        for name, _, address, size, offset, _, _, _, _, flags in rows
    ]


def _base(optional: bytes) -> int:
    """The address that those of the sections count from."""
    at, form = _BASE_AT.get(int.from_bytes(optional[:2], "little"), (0, "<0s"))
    if not at or len(optional) < at + struct.calcsize(form):
        raise BadExecutable("it has no optional PE header")
    return int(struct.unpack_from(form, optional, at)[0])

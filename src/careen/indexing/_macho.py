"""Sections of macOS executables (Apple, mach-o/loader.h and mach-o/fat.h)."""

import struct
from collections.abc import Iterator

from careen.indexing._rope import Rope
from careen.indexing._section import MAX_SECTIONS, BadExecutable, Section

_FAT = struct.Struct(">2I")
_FAT_SLICE = struct.Struct(">5I")
_MOST_SLICES = 32  # a Java class begins as a fat file does, with a version above 44 in place of the count
_HEADER = {b"\xcf\xfa\xed\xfe": 32, b"\xce\xfa\xed\xfe": 28}  # bytes
_COMMAND = struct.Struct("<2I")
_SEGMENT, _WIDE_SEGMENT = 1, 0x19
_SEGMENT_HEAD = {_SEGMENT: 56, _WIDE_SEGMENT: 72}
_ROW = {_SEGMENT: struct.Struct("<16s16s3I24x"), _WIDE_SEGMENT: struct.Struct("<16s16s2QI28x")}
_MAX_COMMANDS = 1 << 20  # bytes


def sections(rope: Rope) -> list[Section]:
    """Those of the file, or of the first architecture in a fat one. Raises BadExecutable."""
    start = _first_slice(rope)
    size = _HEADER.get(rope.read(start, 4))
    if size is None:
        raise BadExecutable("it has no Mach-O header")
    count, length = struct.unpack("<2I", rope.read(start + 16, 8).ljust(8, b"\0"))
    commands = rope.read(start + size, min(length, _MAX_COMMANDS))
    return list(_sections(commands, start, min(count, MAX_SECTIONS)))


def _first_slice(rope: Rope) -> int:
    if rope.read(0, 4) != b"\xca\xfe\xba\xbe":
        return 0
    head = rope.read(0, _FAT.size + _FAT_SLICE.size)
    if len(head) < _FAT.size + _FAT_SLICE.size or _FAT.unpack_from(head)[1] > _MOST_SLICES:
        raise BadExecutable("it is no fat Mach-O file")
    return int(_FAT_SLICE.unpack_from(head, _FAT.size)[2])


def _sections(commands: bytes, start: int, count: int) -> Iterator[Section]:
    at = 0
    for _ in range(count):
        if at + _COMMAND.size > len(commands):
            return
        kind, size = _COMMAND.unpack_from(commands, at)
        if size < _COMMAND.size:
            raise BadExecutable("a load command has no size")
        if kind in _ROW:
            yield from _rows(commands[at : at + size], kind, start)
        at += size


def _rows(segment: bytes, kind: int, start: int) -> Iterator[Section]:
    row = _ROW[kind]
    for at in range(_SEGMENT_HEAD[kind], len(segment) - row.size + 1, row.size):
        name, folder, address, size, offset = row.unpack_from(segment, at)
        is_writable = folder.startswith(b"__DATA")
        yield Section(name.rstrip(b"\0").decode("latin-1"), address, start + offset, size, is_writable)

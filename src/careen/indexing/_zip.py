"""Zip archives by their central directory; only the wanted members are touched (PKWARE APPNOTE.TXT)."""

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from careen.indexing._rope import Rope

_END = struct.Struct("<4s4H2LH")  # end of central directory record
_LONGEST_COMMENT = 0xFFFF
_LOCATOR = struct.Struct("<4sLQL")  # zip64 end of central directory locator
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_EXTRA = struct.Struct("<2H")
_ZIP64 = 1  # tag of the extra field
_FULL = 0xFFFFFFFF  # "stands in the extra field"
_ENCRYPTED = 1
_STORED, _DEFLATED = 0, 8
_MAX_DIRECTORY = 64 << 20  # bytes
_MAX_ENTRIES = 500_000


class BadZip(Exception):
    """Not a zip archive, or a damaged or lying one; the message tells how."""


class Entry(NamedTuple):
    name: str
    flags: int
    method: int
    stored: int  # bytes in the archive
    size: int  # bytes as promised
    offset: int  # of its local header


class Zip:
    """The members whose names are wanted, in the directory's order. Raises BadZip."""

    def __init__(self, rope: Rope, wanted: Callable[[bytes], bool]) -> None:
        self._rope = rope
        directory, self._shift, self._limit = _directory(rope)
        self.directory_size = len(directory)  # bytes
        self.entries = [entry for entry in _entries(directory, wanted) if not entry.flags & _ENCRYPTED]

    def read(self, entry: Entry, limit: int) -> Rope:
        """The member; raises BadZip where it is damaged, beyond `limit`, or not what was promised."""
        if entry.size > limit:
            raise BadZip(f"{entry.name!r} has {entry.size} bytes")
        data = self._stored(entry)
        if entry.method == _STORED:
            if entry.stored != entry.size:
                raise BadZip(f"{entry.name!r} has two sizes")
            return data
        if entry.method != _DEFLATED:
            raise BadZip(f"{entry.name!r} is compressed by the unknown method {entry.method}")
        return Rope([_inflate(data, entry)])

    def _stored(self, entry: Entry) -> Rope:
        at = entry.offset + self._shift
        header = self._rope.read(at, _LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise BadZip(f"{entry.name!r} is not where the directory says")
        *_, name_size, extra_size = _LOCAL.unpack(header)
        start = at + _LOCAL.size + name_size + extra_size
        if start + entry.stored > self._limit:
            raise BadZip(f"{entry.name!r} reaches into the directory")
        return self._rope.part(start, entry.stored)


def _inflate(data: Rope, entry: Entry) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(data.read(0, len(data)), entry.size + 1)
    except zlib.error as error:
        raise BadZip(f"{entry.name!r} is damaged: {error}") from None
    if len(content) != entry.size or not (stream.eof or not entry.size):
        raise BadZip(f"{entry.name!r} is not of the size that is promised")
    return content


def _directory(rope: Rope) -> tuple[bytes, int, int]:
    """The central directory, how far all offsets are off, and where the directory begins.

    They are off where something stands before the archive, such as the script of an executable jar.
    """
    end = _find_end(rope)
    *_, count, size, offset, _ = _END.unpack(rope.read(end, _END.size))
    locator = rope.read(max(0, end - _LOCATOR.size), _LOCATOR.size) if end >= _LOCATOR.size else b""
    if locator.startswith(b"PK\6\7"):
        end, count, size, offset = _find_end64(rope, end - _LOCATOR.size, locator)
    start = end - size
    shift = start - offset
    if start < 0 or shift < 0:
        raise BadZip("its directory is not where its end says")
    if size > _MAX_DIRECTORY or count > _MAX_ENTRIES:
        raise BadZip(f"its directory has {count} entries and {size} bytes")
    return rope.read(start, size), shift, start


def _find_end(rope: Rope) -> int:
    size = min(len(rope), _END.size + _LONGEST_COMMENT)
    start = len(rope) - size
    tail = rope.read(start, size)
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        if at + _END.size <= size and at + _END.size + _END.unpack_from(tail, at)[-1] <= size:
            return start + at
        at = tail.rfind(b"PK\5\6", 0, at)
    raise BadZip("it is no zip archive, or it is cut off")


def _find_end64(rope: Rope, at: int, locator: bytes) -> tuple[int, int, int, int]:
    """Where it is, and the directory's entries, size and offset."""
    for start in (at - _END64.size, _LOCATOR.unpack(locator)[2]):
        record = rope.read(start, _END64.size)
        if len(record) == _END64.size and record.startswith(b"PK\6\6"):
            *_, count, size, offset = _END64.unpack(record)
            return start, count, size, offset
    raise BadZip("its zip64 directory is not where its end says")


def _entries(directory: bytes, wanted: Callable[[bytes], bool]) -> list[Entry]:
    at, entries, seen = 0, [], 0
    unpack, fixed, end = _ENTRY.unpack_from, _ENTRY.size, len(directory)
    while at + fixed <= end and seen < _MAX_ENTRIES:
        fields = unpack(directory, at)
        if fields[0] != b"PK\1\2":
            break
        name_size, extra_size, comment_size = fields[10:13]
        at += fixed + name_size
        name = directory[at - name_size : at]
        if wanted(name):
            entries.append(_entry(name, fields, directory[at : at + extra_size]))
        at += extra_size + comment_size
        seen += 1
    if at != end:
        raise BadZip("its directory is damaged")
    return entries


def _entry(name: bytes, fields: tuple[int, ...], extra: bytes) -> Entry:
    flags, method = fields[3:5]
    stored, size, offset = fields[8], fields[9], fields[16]
    if _FULL in (stored, size, offset):
        size, stored, offset = _wide(extra, size, stored, offset)
    return Entry(name.decode("utf-8", "replace"), flags, method, stored, size, offset)


def _wide(extra: bytes, *narrow: int) -> list[int]:
    """Those that do not fit into 32 bits stand in the zip64 field, in this order."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        tag, size = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if tag == _ZIP64:
            numbers = iter(struct.unpack_from(f"<{min(size, len(extra) - at) // 8}Q", extra, at))
            return [next(numbers, _FULL) if number == _FULL else number for number in narrow]
        at += size
    return list(narrow)

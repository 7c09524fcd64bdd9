"""A zip archive that is too large to be held: what is wanted of it, as it comes (PKWARE APPNOTE.TXT)."""

import struct
import zlib
from collections.abc import Callable, Iterable

Piece = bytes | memoryview

_LOCAL = struct.Struct("<4s5H3L2H")
_SIZES_FOLLOW = 8  # flag: the sizes stand behind the content
_DEFLATED = 8
_FULL = 0xFFFFFFFF  # "stands in the extra field"
_WIDE_STORED = slice(12, 20)  # of a zip64 field that comes first
_DESCRIPTORS = (16, 24, 12, 20)  # bytes of the sizes that follow: signed or not, narrow or wide
_INFLATED = 1 << 20  # bytes at once
_ALL_INFLATED = 8 << 30  # bytes
_DIRECTORY = 32 << 20  # bytes behind the last member
_ZEROS = memoryview(bytes(1 << 20))


def zeros(size: int) -> list[Piece]:
    """They cost no memory."""
    return [_ZEROS[: min(len(_ZEROS), size - at)] for at in range(0, size, len(_ZEROS))]


def is_whole(pieces: Iterable[Piece]) -> bool:
    """Whether nothing of a file was replaced by zeros."""
    return not any(isinstance(piece, memoryview) and piece.obj is _ZEROS.obj for piece in pieces)


def sift(pieces: Iterable[bytes], wanted: Callable[[bytes], bool], room: int) -> list[Piece]:
    """The archive with zeros in place of what is not wanted, or does not fit into `room` bytes."""
    cut = _Cut(pieces, room)
    while (header := cut.peek(_LOCAL.size)).startswith(b"PK\3\4") and len(header) == _LOCAL.size:
        _, _, flags, method, _, _, _, stored, _, name_size, extra_size = _LOCAL.unpack(header)
        head = cut.peek(_LOCAL.size + name_size + extra_size)
        cut.go_on(len(head), keeps=True)
        name, extra = head[_LOCAL.size :][:name_size], head[_LOCAL.size + name_size :]
        if stored == _FULL:
            stored = int.from_bytes(extra[_WIDE_STORED], "little")
        keeps = wanted(name)
        if flags & _SIZES_FOLLOW and not stored and method == _DEFLATED:
            if not cut.pass_deflated(keeps=keeps):
                break
            cut.go_on(_descriptor(cut.peek(max(_DESCRIPTORS) + 2)), keeps=True)
        else:
            cut.go_on(stored, keeps=keeps)
    return cut.end()


def _descriptor(ahead: bytes) -> int:
    """The size of the one that stands there: another record follows it."""
    return next((size for size in _DESCRIPTORS if ahead[size : size + 2] == b"PK"), 0)


class _Cut:
    """Goes through the pieces, and keeps some."""

    def __init__(self, pieces: Iterable[bytes], room: int) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._room = room
        self._inflatable = _ALL_INFLATED
        self._kept: list[Piece] = []

    def peek(self, size: int) -> bytes:
        while len(self._piece) < size and (more := next(self._pieces, b"")):
            self._piece += more
        return self._piece[:size]

    def go_on(self, size: int, *, keeps: bool) -> None:
        keeps = keeps and size <= self._room
        while size and self.peek(1):
            part, self._piece = self._piece[:size], self._piece[size:]
            size -= len(part)
            self._put(part, keeps=keeps)

    def pass_deflated(self, *, keeps: bool) -> bool:
        """To the end of a compressed stream, which its size does not tell; False where there is none."""
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        while not stream.eof and self._inflatable > 0 and self.peek(1):
            piece = self._piece
            try:
                self._inflatable -= len(stream.decompress(piece, _INFLATED))
            except zlib.error:
                return False
            self._piece = rest = stream.unused_data or stream.unconsumed_tail
            self._put(piece[: len(piece) - len(rest)], keeps=keeps)
        return stream.eof

    def end(self) -> list[Piece]:
        """What was kept, and the archive's last bytes: its directory."""
        last: list[bytes] = []
        held = 0
        while self.peek(1):
            last.append(self._piece)
            held += len(self._piece)
            self._piece = b""
            while held - len(last[0]) >= _DIRECTORY:
                self._kept += zeros(len(last[0]))
                held -= len(last.pop(0))
        return [*self._kept, *last]

    def _put(self, part: bytes, *, keeps: bool) -> None:
        if keeps and len(part) <= self._room:
            self._room -= len(part)
            self._kept.append(part)
        else:
            self._kept += zeros(len(part))

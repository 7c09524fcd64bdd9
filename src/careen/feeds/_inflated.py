"""What a compressed stream holds, in the memory of one chunk and the stream's own window.

Told by its first bytes: xz (tukaani.org/xz/xz-file-format.txt), zstd (RFC 8878), bzip2.
"""

import bz2
import lzma
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import zstandard

from careen.feeds.document import InvalidDocument

_CHUNK = 1 << 20
_MEMORY = 256 << 20  # for the dictionary; `xz -9` needs 65 MB
_WINDOW = 128 << 20  # as zstd itself has it by default
_MAGIC_LENGTH = 6


class Inflated:
    """Reads on only; all raise InvalidDocument for a broken stream, and beyond `limit` bytes."""

    def __init__(self, document: BinaryIO, limit: int) -> None:
        self._parts = _parts(document)
        self._limit = self._left = limit
        self._held = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """So many bytes; less only at the end."""
        parts = []
        while size > 0 and (part := self._some(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size > 0 and (part := self._some(size)):
            size -= len(part)

    def _some(self, most: int) -> bytes:
        if self._at == len(self._held):
            self._held, self._at = next(self._parts, b""), 0
            self._left -= len(self._held)
            if self._left < 0:
                raise InvalidDocument(f"more than {self._limit} bytes, inflated")
        part = self._held[self._at : self._at + most]
        self._at += len(part)
        return part


def _parts(document: BinaryIO) -> Iterator[bytes]:
    start = document.tell()
    magic = document.read(_MAGIC_LENGTH)
    document.seek(start)
    for beginning, inflate in _KINDS.items():
        if magic.startswith(beginning):
            yield from inflate(document)
            return
    raise InvalidDocument("neither an xz nor a zstd nor a bzip2 stream")


def _xz(document: BinaryIO) -> Iterator[bytes]:
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    while not decoder.eof:
        data = document.read(_CHUNK) if decoder.needs_input else b""
        if decoder.needs_input and not data:
            raise InvalidDocument("an xz stream that breaks off")
        try:
            part = decoder.decompress(data, _CHUNK)
        except lzma.LZMAError as error:
            raise InvalidDocument(f"no xz stream: {error}") from None
        if part:
            yield part


def _bzip2(document: BinaryIO) -> Iterator[bytes]:
    """Several streams may follow each other, as those who compress in parallel write it."""
    data = document.read(_CHUNK)
    while data:
        decoder = bz2.BZ2Decompressor()
        while not decoder.eof:
            if decoder.needs_input and not data:
                raise InvalidDocument("a bzip2 stream that breaks off")
            try:
                part = decoder.decompress(data, _CHUNK)
            except OSError as error:
                raise InvalidDocument(f"no bzip2 stream: {error}") from None
            if part:
                yield part
            data = document.read(_CHUNK) if decoder.needs_input and not decoder.eof else b""
        data = decoder.unused_data or document.read(_CHUNK)


def _zstd(document: BinaryIO) -> Iterator[bytes]:
    """A frame that breaks off just ends here: whoever reads must know by himself where the end is."""
    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    with decoder.stream_reader(document, read_across_frames=True, closefd=False) as reader:
        try:
            while part := reader.read(_CHUNK):
                yield part
        except zstandard.ZstdError as error:
            raise InvalidDocument(f"no zstd stream: {error}") from None


_KINDS: Mapping[bytes, Callable[[BinaryIO], Iterator[bytes]]] = {
    b"\xfd7zXZ\0": _xz,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"BZh": _bzip2,
}

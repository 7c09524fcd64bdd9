"""Tar archives (POSIX ustar) compressed by xz (tukaani.org/xz/xz-file-format.txt), file by file."""

import lzma
import re
from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds.document import InvalidDocument

_BLOCK = 512  # of a tar archive
_CHUNK = 1 << 20
_MEMORY = 256 << 20  # for the dictionary; `xz -9` needs 65 MB
_MOST_ENTRIES = 2_000_000
_OCTAL = re.compile(rb"[0-7]{1,12}")
_REGULAR = (b"0", b"\0")


class _Inflated:
    """What an xz stream holds, in the memory of one chunk and the stream's dictionary."""

    def __init__(self, document: BinaryIO, limit: int) -> None:
        self._document = document
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
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
            self._held, self._at = self._next(), 0
        part = self._held[self._at : self._at + most]
        self._at += len(part)
        return part

    def _next(self) -> bytes:
        while not self._decoder.eof:
            data = self._document.read(_CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not data:
                raise InvalidDocument("an xz stream that breaks off")
            try:
                part = self._decoder.decompress(data, _CHUNK)
            except lzma.LZMAError as error:
                raise InvalidDocument(f"no xz stream: {error}") from None
            self._left -= len(part)
            if self._left < 0:
                raise InvalidDocument(f"more than {self._limit} bytes, inflated")
            if part:
                return part
        return b""


def files(document: BinaryIO, *, limit: int, largest: int) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of every regular file; no content for one of more than `largest` bytes.

    `limit` bounds the inflated bytes. Raises InvalidDocument, perhaps in the midst. Extended headers are
    passed over: names may come cut to 100 characters.
    """
    archive = _Inflated(document, limit)
    header = archive.read(_BLOCK)
    if not header.strip(b"\0"):
        raise InvalidDocument("a tar archive without a single file")
    for _ in range(_MOST_ENTRIES):
        if not header.strip(b"\0"):
            archive.skip(limit)  # the stream's own checksums stand at its end
            return
        size = _size(header)
        padding = -size % _BLOCK
        if header[156:157] in _REGULAR and size <= largest:
            content = archive.read(size)
            if len(content) < size:
                raise InvalidDocument("a tar archive that breaks off")
            yield _name(header), content
            archive.skip(padding)
        else:
            if header[156:157] in _REGULAR:
                yield _name(header), None
            archive.skip(size + padding)
        header = archive.read(_BLOCK)
    raise InvalidDocument(f"a tar archive of more than {_MOST_ENTRIES} entries")


def _name(header: bytes) -> str:
    return header[:100].rstrip(b"\0").decode("utf-8", "replace")


def _size(header: bytes) -> int:
    """Raises InvalidDocument for a block that is no header by its own checksum."""
    stated, size = header[148:156].strip(b"\0 "), header[124:136].strip(b"\0 ") or b"0"
    if len(header) < _BLOCK or not _OCTAL.fullmatch(stated) or not _OCTAL.fullmatch(size):
        raise InvalidDocument("no tar archive")
    if int(stated, 8) != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise InvalidDocument("no tar archive")
    return int(size, 8)

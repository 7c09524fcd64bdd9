"""Compressed tar archives (POSIX ustar), file by file."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds._inflated import Inflated
from careen.feeds._paths import leads_out
from careen.feeds.document import InvalidDocument

_BLOCK = 512  # of a tar archive
_MOST_ENTRIES = 2_000_000
_OCTAL = re.compile(rb"[0-7]{1,12}")
_REGULAR = (b"0", b"\0")
_END = bytes(_BLOCK)


def files(document: BinaryIO, *, limit: int, largest: int) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of every regular file; no content for one of more than `largest` bytes.

    `limit` bounds the inflated bytes. Raises InvalidDocument, perhaps in the midst, also where the mark of
    the archive's end is missing. Extended headers are passed over: names may come cut to 100 characters.
    """
    archive = Inflated(document, limit)
    header = archive.read(_BLOCK)
    if header in (b"", _END):
        raise InvalidDocument("a tar archive without a single file")
    for _ in range(_MOST_ENTRIES):
        if header == _END:
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
    name = header[:100].rstrip(b"\0").decode("utf-8", "replace")
    if leads_out(name):
        raise InvalidDocument("a tar archive with a path that leads out of it")
    return name


def _size(header: bytes) -> int:
    """Raises InvalidDocument for a block that is no header by its own checksum."""
    if len(header) < _BLOCK:
        raise InvalidDocument("a tar archive that breaks off")
    stated, size = header[148:156].strip(b"\0 "), header[124:136].strip(b"\0 ") or b"0"
    if not _OCTAL.fullmatch(stated) or not _OCTAL.fullmatch(size):
        raise InvalidDocument("no tar archive")
    if int(stated, 8) != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise InvalidDocument("no tar archive")
    return int(size, 8)

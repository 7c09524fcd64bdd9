"""Documents that may come compressed with gzip (RFC 1952) or bzip2, told by their first bytes.

A server that marks a file as compressed content has it inflated on the way.
"""

import bz2
import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO, cast

BROKEN = (
    OSError,
    EOFError,
    zlib.error,
)  # what reading raises where the compressed bytes are not what they claim

_MAGIC: Mapping[bytes, Callable[[BinaryIO], object]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}


def inflated(document: BinaryIO) -> BinaryIO:
    """What the document holds; the reader bounds how much of it it takes."""
    start = document.tell()
    magic = document.read(2)
    document.seek(start)
    opener = _MAGIC.get(magic)
    return cast("BinaryIO", opener(document)) if opener else document

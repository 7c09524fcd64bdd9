"""What is known of a file's content: enough to tell whether it is still what a package installed.

Words of the form "md5=0123456789abcdef": the beginnings of digests, and "time=…", when and how large the file
was written.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from careen.model.file import File

ALGORITHMS: Final = ("md5", "sha1", "sha256")  # that package databases use
SIZE: Final = 8  # bytes of each digest that are kept
_SIGN: Final = "="  # between an algorithm and its digest
_TIME: Final = f"time{_SIGN}"


def prefixes(pieces: Iterable[bytes | memoryview], algorithms: Iterable[str] = ALGORITHMS) -> str:
    """The beginning of the digest by each of `algorithms`, in hexadecimal: "md5=0123456789abcdef sha1=…"."""
    hashes = [getattr(hashlib, name)(usedforsecurity=False) for name in algorithms]
    for piece in pieces:
        for each in hashes:
            each.update(piece)
    return " ".join(f"{each.name}{_SIGN}{each.digest()[:SIZE].hex()}" for each in hashes)


def prefix(known: str, algorithm: str) -> bytes:
    """The beginning of one digest in `known`; nothing where that has none of these."""
    said = dict(word.split(_SIGN) for word in known.split() if _SIGN in word)
    return bytes.fromhex(said.get(algorithm, ""))


def of(file: File, algorithms: Iterable[str]) -> str:
    """All words for a large file."""
    return f"{stamp(file.mtime, file.size)} {prefixes(file.pieces, algorithms)}"


def word(algorithm: str, digest: bytes) -> str:
    """One digest's beginning, as `prefixes` writes it."""
    return f"{algorithm}{_SIGN}{digest.hex()}"


def stamp(mtime: int, size: int) -> str:
    """For a file that was last written at `mtime` with `size` bytes."""
    return f"{_TIME}{mtime:x}.{size:x}"


def carried(known: str, below: str) -> str:
    """What is known of a file that stands upon one at the same path in a layer below.

    Where it has only a time, and that one the same, it is a copy of it: engines write files anew when their
    owner or mode changes, and keep their times.
    """
    return below if known.startswith(_TIME) and known in below.split() else known

"""The beginnings of a file's digests: enough to tell whether it is still what a package installed."""

import hashlib
from collections.abc import Iterable

ALGORITHMS = ("md5", "sha1", "sha256")  # that package databases use
SIZE = 8  # bytes of each digest that are kept


def prefixes(pieces: Iterable[bytes | memoryview]) -> str:
    """The beginnings of the digests by all ALGORITHMS, one after the other, in hexadecimal."""
    hashes = [hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS]
    for piece in pieces:
        for each in hashes:
            each.update(piece)
    return "".join(each.digest()[:SIZE].hex() for each in hashes)


def prefix(known: str, algorithm: str) -> bytes:
    """The beginning of one digest of `known`, which `prefixes` gave; nothing for an unknown algorithm."""
    if algorithm not in ALGORITHMS:
        return b""
    at = ALGORITHMS.index(algorithm) * SIZE
    return bytes.fromhex(known)[at : at + SIZE]

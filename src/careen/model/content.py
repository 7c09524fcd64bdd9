"""The beginnings of a file's digests: enough to tell whether it is still what a package installed."""

import hashlib
from collections.abc import Iterable

ALGORITHMS = ("md5", "sha1", "sha256")  # that package databases use
SIZE = 8  # bytes of each digest that are kept
_SIGN = "="  # between an algorithm and its digest


def prefixes(pieces: Iterable[bytes | memoryview], algorithms: Iterable[str] = ALGORITHMS) -> str:
    """The beginning of the digest by each of `algorithms`, in hexadecimal: "md5=0123456789abcdef sha1=…"."""
    hashes = [getattr(hashlib, name)(usedforsecurity=False) for name in algorithms]
    for piece in pieces:
        for each in hashes:
            each.update(piece)
    return " ".join(f"{each.name}{_SIGN}{each.digest()[:SIZE].hex()}" for each in hashes)


def prefix(known: str, algorithm: str) -> bytes:
    """The beginning of one digest of `known`, which `prefixes` gave; nothing where it has none of these."""
    said = dict(word.split(_SIGN) for word in known.split() if _SIGN in word)
    return bytes.fromhex(said.get(algorithm, ""))

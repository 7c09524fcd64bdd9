"""Content digests as the OCI image specification writes them (image-spec, descriptor.md#digests)."""

import re
from collections.abc import Mapping
from typing import NewType, Protocol

from careen.errors import Invalid

Digest = NewType("Digest", str)

CANONICAL = "sha256"  # where nobody asks for another
_LENGTHS: Mapping[str, int] = {"sha256": 64, "sha384": 96, "sha512": 128}  # hexadecimal digits
ALGORITHMS = tuple(_LENGTHS)
_DIGEST = re.compile(r"(?P<algorithm>[a-z0-9]+):(?P<hex>[0-9a-f]+)")


class InvalidDigest(Invalid): ...


class Hash(Protocol):
    @property
    def name(self) -> str: ...
    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


def parse(text: str) -> Digest:
    """The digest that `text` is; raises InvalidDigest when it is none that careen can verify."""
    found = _DIGEST.fullmatch(text)
    if found is None or len(found["hex"]) != _LENGTHS.get(found["algorithm"]):
        raise InvalidDigest(f"{text[:150]!r} is no digest of sha256, sha384 or sha512")
    return Digest(text)


def algorithm(digest: str) -> str:
    """`sha256`, of a digest that was parsed."""
    return digest.partition(":")[0]


def encoded(digest: str) -> str:
    """The hexadecimal digits."""
    return digest.partition(":")[2]


def hasher(algorithm: str = CANONICAL) -> Hash:
    """A new hash; raises InvalidDigest for an algorithm that careen does not know."""
    if algorithm not in _LENGTHS:
        raise InvalidDigest(f"{algorithm[:20]!r} is none of {', '.join(_LENGTHS)}")
    import hashlib  # noqa: PLC0415 - OpenSSL loads slowly, and most digests are only read

    return hashlib.new(algorithm)


def of(data: bytes, algorithm: str = CANONICAL) -> Digest:
    state = hasher(algorithm)
    state.update(data)
    return of_hash(state)


def of_hash(state: Hash) -> Digest:
    """The digest of what was hashed so far."""
    return Digest(f"{state.name}:{state.hexdigest()}")


def from_hex(hexdigest: str) -> Digest:
    return parse("sha256:" + hexdigest)

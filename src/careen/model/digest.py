"""Content digests as the OCI image specification writes them (image-spec, descriptor.md#digests)."""

import hashlib
import re
from typing import NewType

from careen.errors import Invalid

Digest = NewType("Digest", str)

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


class InvalidDigest(Invalid): ...


def parse(text: str) -> Digest:
    """The digest that `text` is; raises InvalidDigest when it is none that careen can verify."""
    if not _SHA256.fullmatch(text):
        raise InvalidDigest(f"{text[:100]!r} is not a sha256 digest")
    return Digest(text)


def of(data: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def from_hex(hexdigest: str) -> Digest:
    return parse("sha256:" + hexdigest)

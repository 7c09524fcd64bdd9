"""The digests by which Maven Central knows archives (central.sonatype.org, "Search by checksum")."""

import hashlib

from careen.indexing._rope import Rope
from careen.indexing._zip_sift import is_whole
from careen.model.file import File

_AT_ONCE = 1 << 20  # bytes
_MOST = 256 << 20  # bytes of all archives in a file: many may claim to be the same part of it


class Digests:
    def __init__(self, file: File) -> None:
        self._left = _MOST if is_whole(file.pieces) else 0

    def of(self, archive: Rope) -> str:
        """Such as `sha1:0ce1edb914c94ebc388f086c6827e8bdeec71ac2`; "" where it would cost too much.

        And where the file was too large to be held: what was left out of it is not known any more.
        """
        if len(archive) > self._left:
            return ""
        self._left -= len(archive)
        digest = hashlib.sha1(usedforsecurity=False)
        for at in range(0, len(archive), _AT_ONCE):
            digest.update(archive.read(at, _AT_ONCE))
        return f"sha1:{digest.hexdigest()}"

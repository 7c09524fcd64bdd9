"""A blob that is read while it comes: the file of an upload, and word of how far it may be read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from careen.errors import Unavailable
from careen.images.budgets import CorruptLayer
from careen.model.digest import CANONICAL, Digest, algorithm, parse

_READ = 128 << 10  # bytes: as images.inflate takes them best


class Growing:
    """Iterate over it for the bytes; only then is the `digest` known that they are to have.

    Each word is a line of JSON: {"size": bytes that there are so far}, in the last one also {"digest": …}.
    `caught_up` is called before another word is waited for. May be iterated over again.
    """

    def __init__(self, path: Path, offset: int, words: BinaryIO, caught_up: Callable[[], None]) -> None:
        """Raises OSError."""
        self._file = path.open("rb", buffering=0)
        self._offset = offset
        self._words = words
        self._caught_up = caught_up
        self._size = 0
        self._digest: Digest | None = None
        self._hear()

    @property
    def digest(self) -> Digest:
        assert self._digest is not None, "the bytes come first"
        return self._digest

    @property
    def algorithm(self) -> str:
        """That of the digest; while it is not known, the usual one."""
        return CANONICAL if self._digest is None else algorithm(self._digest)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._offset)
        at = 0
        while True:
            for piece in pieces(self._file, at, self._size):
                at += len(piece)
                yield piece
            if self._digest is not None:
                return
            self._caught_up()
            self._hear()

    def _hear(self) -> None:
        line = self._words.readline()
        if not line:
            raise Unavailable("nobody says any more how the blob goes on")
        word = json.loads(line)
        self._size = word["size"]
        self._digest = parse(word["digest"]) if "digest" in word else None


def word(size: int, digest: Digest | None = None) -> bytes:
    """For a reader of a growing blob: how many bytes there are; with a digest, that there will be no more."""
    return json.dumps({"size": size} | ({"digest": digest} if digest else {})).encode() + b"\n"


def pieces(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    """The blob's bytes from `start` on; raises CorruptLayer where the file ends before `stop`."""
    left = stop - start
    while left and (piece := file.read(min(left, _READ))):
        left -= len(piece)
        yield piece
    if left:
        raise CorruptLayer(f"the blob lacks {left} of its {stop} bytes")

"""A file in a layer: made by the walk, read by the indexers."""

from collections.abc import Sequence
from typing import Final


class File:
    """`pieces` are the content as it came (a rope), and empty while an indexer is only asked for its wish.

    No dataclass: one that is frozen takes fifteen times as long to be made, and a layer has many files.
    """

    __slots__ = ("head", "mode", "mtime", "opened", "path", "pieces", "size")

    def __init__(
        self,
        path: str,
        mode: int = 0o644,
        size: int = 0,
        pieces: Sequence[bytes | memoryview] = (),
        head: bytes = b"",
        mtime: int = 0,
    ) -> None:
        self.path: Final = path  # without a leading "/"
        self.mode: Final = mode
        self.size: Final = size  # bytes
        self.pieces: Final = pieces
        self.head: Final = head  # its first bytes, known while an indexer is asked for its wish
        self.mtime: Final = mtime  # seconds since 1970, as its archive says; 0: that is not known
        self.opened: Final[dict[str, object]] = {}  # what indexers share

    def __repr__(self) -> str:
        return f"File({self.path!r}, {self.mode:#o}, {self.size})"

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        return b"".join(self.pieces)

    def linked(self, path: str) -> "File":
        """The same file under another path."""
        return File(path, self.mode, self.size, self.pieces, self.head, self.mtime)

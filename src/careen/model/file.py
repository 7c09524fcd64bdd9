"""A file in a layer: made by the walk, read by the indexers."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class File:
    """`pieces` are the content as it came (a rope), and empty while an indexer is only asked for its wish."""

    path: str  # without a leading "/"
    mode: int = 0o644
    size: int = 0  # bytes
    pieces: Sequence[bytes | memoryview] = ()
    head: bytes = b""  # its first bytes, known while an indexer is asked for its wish
    mtime: int = 0  # seconds since 1970 when it was last written, as its archive says; 0: that is not known
    opened: dict[str, object] = field(default_factory=dict, compare=False, repr=False)  # what indexers share

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        return b"".join(self.pieces)

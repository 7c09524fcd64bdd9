"""What is kept of a file that is too large to be held in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from careen.indexing import _executable, _zip_sift, java
from careen.indexing._zip_sift import Piece, zeros
from careen.model.file import File

_HEAD = 8 << 20  # bytes: headers, and the tables that some linkers put behind them
_TAIL = 32 << 20  # bytes: the tables that the others put last, and sections for no machine such as .dep-v0
_MARKS = (b"\xff Go buildinf:", b"node.js/v")  # what Go and Node say about a build
_LONGEST_MARK = max(map(len, _MARKS))
_MARKED = 4 << 20  # bytes from a mark on
_ARCHIVES = 64 << 20  # bytes of all archives in an archive
_ALL_MARKED = 16 << 20  # bytes


def sift(file: File) -> Callable[[Iterable[bytes]], list[Piece]] | None:
    """What takes the content and gives what is to be kept of it; None where all of it is needed."""
    if _executable.wanted(file):
        return _sift_executable
    return _sift_archive if java.wants(file) else None


def _sift_archive(pieces: Iterable[bytes]) -> list[Piece]:
    """Its directory, and the members that tell about it, while there is room for them."""
    return _zip_sift.sift(pieces, java.is_wanted, _ARCHIVES)


def _sift_executable(pieces: Iterable[bytes]) -> list[Piece]:
    """Its two ends and what is marked in between, with zeros for the rest.

    Whoever needs something else of it finds zeros there, and can say so.
    """
    kept: list[Piece] = []
    tail: deque[tuple[Piece, bool]] = deque()
    held = 0
    for piece, is_needed in _marked(pieces):
        tail.append((piece, is_needed))
        held += len(piece)
        while held - len(tail[0][0]) >= _TAIL:
            oldest, was_needed = tail.popleft()
            held -= len(oldest)
            kept += [oldest] if was_needed else zeros(len(oldest))
    return kept + [piece for piece, _ in tail]


def _marked(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is needed wherever it lies."""
    needed, left, before = _HEAD, _ALL_MARKED, b""
    for piece in pieces:
        seam = before + piece[:_LONGEST_MARK]
        if left > 0 and any(mark in piece or mark in seam for mark in _MARKS):
            needed = max(needed, _MARKED)
            left -= _MARKED
        yield piece, needed > 0
        needed -= len(piece)
        before = piece[1 - _LONGEST_MARK :]

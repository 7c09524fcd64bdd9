"""What is kept of a file that is too large to be held in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from careen.indexing import _elf, _executable, _zip_sift, java, software
from careen.indexing._rope import Rope
from careen.indexing._section import BadExecutable, Section
from careen.indexing._zip_sift import Piece, zeros
from careen.model.file import File

_HEAD: Final = 8 << 20  # bytes: headers, and the tables that some linkers put behind them
_TAIL: Final = 32 << 20  # bytes: the tables that others put last, and sections for no machine (.dep-v0)
_NO_CODE: Final = Section("", 0, 0, 0)
_GO: Final = b"\xff Go buildinf:"  # what Go says about a build comes behind this
_ALIGNMENT: Final = 16  # bytes: that of the mark in a file
_RARE: Final = 2  # the byte of the mark by which it is looked for
_NODE: Final = b"node.js/v"  # and this is what Node says
_SEAM: Final = len(_GO)  # bytes: the longest mark's
_MARKED: Final = 4 << 20  # bytes from a mark on
_ARCHIVES: Final = 64 << 20  # bytes of all archives in an archive
_ALL_MARKED: Final = 16 << 20  # bytes


def sift(file: File) -> Callable[[Iterable[bytes]], list[Piece]] | None:
    """What takes the content and gives what is to be kept of it; None where all of it is needed."""
    if _executable.wanted(file):
        return partial(_sift_executable, looks_for_node=software.wants(file))
    return _sift_archive if java.wants(file) else None


def _sift_archive(pieces: Iterable[bytes]) -> list[Piece]:
    """Its directory, and the members that tell about it, while there is room for them."""
    return _zip_sift.sift(pieces, java.is_wanted, _ARCHIVES)


def _sift_executable(pieces: Iterable[bytes], *, looks_for_node: bool) -> list[Piece]:
    """Its two ends and what is marked in between, with zeros for the rest.

    Whoever needs something else of it finds zeros there, and can say so.
    """
    kept: list[Piece] = []
    tail: deque[tuple[Piece, bool]] = deque()
    held = 0
    for piece, is_needed in _marked(pieces, looks_for_node=looks_for_node):
        tail.append((piece, is_needed))
        held += len(piece)
        while held - len(tail[0][0]) >= _TAIL:
            oldest, was_needed = tail.popleft()
            held -= len(oldest)
            kept += [oldest] if was_needed else zeros(len(oldest))
    return kept + [piece for piece, _ in tail]


def _marked(pieces: Iterable[bytes], *, looks_for_node: bool) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is needed wherever it lies."""
    needed, left, before, at = _HEAD, _ALL_MARKED, b"", 0
    code_at, code_end = 0, 0
    for piece in pieces:
        if not at:
            code_at, code_end = _code(piece)
        is_code = code_at <= at and at + len(piece) <= code_end
        seam = before + piece[:_SEAM]
        if left > 0 and (
            (not is_code and _has_go(piece, at))
            or seam.find(_GO) >= 0
            or (looks_for_node and (_NODE in piece or _NODE in seam))
        ):
            needed = max(needed, _MARKED)
            left -= _MARKED
        yield piece, needed > 0
        needed -= len(piece)
        before = piece[1 - _SEAM :]
        at += len(piece)


def _code(head: bytes) -> tuple[int, int]:
    """Where the segment for instructions begins and ends in an ELF file; what Go says is in another one."""
    try:
        code = [segment for segment in _elf.loaded(Rope([head])) if segment.is_code]
    except BadExecutable:
        code = []
    largest = max(code, key=lambda segment: segment.size, default=_NO_CODE)
    return largest.offset, largest.offset + largest.size


def _has_go(piece: bytes, at: int) -> bool:
    """Whether Go's mark is in the piece, which lies at `at` in its file.

    To look at each 16th byte for one that is rare takes 0.06 ns a byte, to look for the mark itself 0.23 ns.
    """
    first = (_RARE - at) % _ALIGNMENT
    column = piece[first::_ALIGNMENT]
    found = column.find(_GO[_RARE])
    while found >= 0:
        start = first + found * _ALIGNMENT - _RARE
        if start >= 0 and piece.startswith(_GO, start):
            return True
        found = column.find(_GO[_RARE], found + 1)
    return False

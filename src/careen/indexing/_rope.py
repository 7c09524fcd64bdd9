"""The bytes of a file where they lie: in the pieces that they came in, never joined as a whole."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final


class Rope:
    """Bytes by offset; only what is asked for is copied. Beyond the end there is nothing."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces: list[memoryview] = []
        self._ends: list[int] = []
        end = 0
        for piece in pieces:
            if size := len(piece):
                end += size
                self._pieces.append(memoryview(piece))
                self._ends.append(end)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes, from `offset` on."""
        if len(self._pieces) == 1 and offset >= 0 and size > 0:
            return bytes(self._pieces[0][offset : offset + size])
        return b"".join(self._views(offset, size))

    def part(self, offset: int, size: int) -> "Rope":
        """As `read`, without a copy."""
        return Rope(self._views(offset, size))

    def find(self, needle: bytes, offset: int, size: int) -> int:
        """Where `needle` first is within `size` bytes from `offset` on; -1 where it is not."""
        at, end = offset, min(offset + size, len(self))
        while at < end:
            window = self.read(at, min(_WINDOW, end - at))
            found = window.find(needle)
            if found >= 0:
                return at + found
            at += max(1, len(window) - len(needle) + 1)
            if end - at < len(needle):
                break
        return -1

    def windows(self, size: int, overlap: int) -> Iterator[tuple[bytes | memoryview, bool]]:
        """All bytes, at most `size` at once, each time with the last `overlap` of those before.

        And whether these are the last ones. Nothing is copied but where pieces meet.
        """
        at, end = 0, len(self)
        while at < end:
            number = bisect_right(self._ends, at)
            left = self._ends[number] - at
            if left > 2 * overlap or left == end - at:
                piece = self._pieces[number]
                start = len(piece) - left
                window: bytes | memoryview = piece[start : start + size]
            else:
                window = self.read(at, min(size, _SEAM))
            is_last = at + len(window) == end
            yield window, is_last
            if is_last:
                return
            at += len(window) - overlap

    def _views(self, offset: int, size: int) -> list[memoryview]:
        if offset < 0 or size <= 0:
            return []
        views = []
        first = bisect_right(self._ends, offset)
        for number in range(first, len(self._pieces)):  # no slices: there may be a million pieces
            piece = self._pieces[number]
            start = offset - (self._ends[number] - len(piece))
            view = piece[start : start + size]
            views.append(view)
            size -= len(view)
            offset += len(view)
            if not size:
                break
        return views


_WINDOW: Final = 256 << 10  # bytes that are looked through at once
_SEAM: Final = 16 << 10  # bytes that are joined where pieces meet

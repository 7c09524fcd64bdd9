"""A tar archive as one run of bytes that is read once, from its start to its end."""

from collections.abc import Iterable, Iterator
from typing import Final

from careen.images.budgets import CorruptLayer

BLOCK: Final = 512
_VIEWED: Final = 16 << 10  # bytes from which on a copy takes longer than a view


class Stream:
    """Whoever takes bytes gets copies, so that the large pieces they came in can go.

    What lies in the present piece may also be looked at there: a layer has many short headers. And `rope`
    and `pieces` give views of what is not short, which keep the piece they lie in.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.piece = b""  # the present one
        self.at = 0  # where in it the stream stands
        self.before = 0  # bytes of all pieces before it

    @property
    def offset(self) -> int:
        return self.before + self.at

    def take(self, size: int) -> bytes:
        """The next `size` bytes, or as many as are left."""
        end = self.at + size
        taken = self.piece[self.at : end]
        if len(taken) == size:
            self.at = end
            return taken
        return b"".join(self.rope(size))

    def rope(self, size: int) -> list[bytes | memoryview]:
        """As `take`, in the pieces in which the bytes come."""
        rope: list[bytes | memoryview] = []
        while size and (part := self._part(size)):
            rope.append(part)
            size -= len(part)
        return rope

    def pieces(self, size: int) -> Iterator[bytes | memoryview]:
        """As `rope`, one by one; nothing else may be taken until the last one has come."""
        while size and (part := self._part(size)):
            size -= len(part)
            yield part

    def _part(self, most: int) -> bytes | memoryview:
        """At most so many bytes; nothing at the archive's end."""
        if self.at == len(self.piece) and not self._next():
            return b""
        start, size = self.at, min(most, len(self.piece) - self.at)
        self.at += size
        return self.lying(start, size)

    def lying(self, at: int, size: int) -> bytes | memoryview:
        """So many bytes from `at` on in the present piece, which must have them."""
        if size == len(self.piece):
            return self.piece
        if size < _VIEWED:
            return self.piece[at : at + size]
        return memoryview(self.piece)[at : at + size]

    def peek(self, size: int) -> bytes:
        """As `take`, and the bytes are still to come."""
        head = self.piece[self.at : self.at + size]
        if len(head) == size:
            return head
        self._lengthen(size)
        return self.piece[self.at : self.at + size]

    def _lengthen(self, size: int) -> None:
        """Let this piece go on for `size` bytes, if the archive does."""
        if self.at == len(self.piece):
            self._next()
        while len(self.piece) - self.at < size and (more := next(self._pieces, b"")):
            rest = self.piece[self.at :]
            self.before += self.at
            self.piece, self.at = rest + more, 0

    def skip_to(self, offset: int) -> None:
        """Go on at the first whole block from `offset` on; raises CorruptLayer when the archive ends before.

        The filling of the last member's last block may be missing, as the two blocks of zeros may.
        """
        self.at = offset - self.before + -offset % BLOCK
        while self.at > len(self.piece):
            if not self._next():
                if self.before < offset:
                    raise CorruptLayer(f"the archive is cut off at {self.before}")
                self.at = 0

    def drain(self) -> None:
        """Read what is left, for whoever counts and hashes below."""
        while self._next():
            pass

    def _next(self) -> bool:
        size = len(self.piece)
        self.piece = next(self._pieces, b"")
        self.before += size
        self.at -= size
        return bool(self.piece)

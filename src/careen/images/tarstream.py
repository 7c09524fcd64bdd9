"""A tar archive as one run of bytes that is read once, from its start to its end."""

from collections.abc import Iterable, Iterator

from careen.images.budgets import CorruptLayer

BLOCK = 512


class Stream:
    """Whoever takes bytes gets copies, so that the large pieces they came in can go.

    What lies in the present piece may also be looked at there: a layer has many short headers.
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

    def rope(self, size: int) -> list[bytes]:
        """As `take`, in the pieces in which the bytes come."""
        return list(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """As `rope`, one by one; nothing else may be taken until the last one has come."""
        while size and (self.at < len(self.piece) or self._next()):
            is_whole = not self.at and size >= len(self.piece)  # not to be copied
            piece = self.piece if is_whole else self.piece[self.at : self.at + size]
            self.at += len(piece)
            size -= len(piece)
            yield piece

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

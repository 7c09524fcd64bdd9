"""A tar archive as one run of bytes that is read once, from its start to its end."""

from collections.abc import Iterable, Iterator

from careen.images.budgets import CorruptLayer

BLOCK = 512


class Stream:
    """Whoever takes bytes gets copies, so that the large pieces they came in can go."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._at = 0
        self._before = 0  # bytes of all pieces before this one

    @property
    def offset(self) -> int:
        return self._before + self._at

    def take(self, size: int) -> bytes:
        """The next `size` bytes, or as many as are left."""
        end = self._at + size
        taken = self._piece[self._at : end]
        if len(taken) == size:
            self._at = end
            return taken
        return b"".join(self.rope(size))

    def rope(self, size: int) -> list[bytes]:
        """As `take`, in the pieces in which the bytes come."""
        return list(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """As `rope`, one by one; nothing else may be taken until the last one has come."""
        while size and (self._at < len(self._piece) or self._next()):
            piece = self._piece[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def peek(self, size: int) -> bytes:
        """As `take`, and the bytes are still to come."""
        head = self._piece[self._at : self._at + size]
        if len(head) == size:
            return head
        self._lengthen(size)
        return self._piece[self._at : self._at + size]

    def _lengthen(self, size: int) -> None:
        """Let this piece go on for `size` bytes, if the archive does."""
        if self._at == len(self._piece):
            self._next()
        while len(self._piece) - self._at < size and (more := next(self._pieces, b"")):
            rest = self._piece[self._at :]
            self._before += self._at
            self._piece, self._at = rest + more, 0

    def skip_to(self, offset: int) -> None:
        """Go on at the first whole block from `offset` on; raises CorruptLayer when the archive ends before.

        The filling of the last member's last block may be missing, as the two blocks of zeros may.
        """
        self._at = offset - self._before + -offset % BLOCK
        while self._at > len(self._piece):
            if not self._next():
                if self._before < offset:
                    raise CorruptLayer(f"the archive is cut off at {self._before}")
                self._at = 0

    def drain(self) -> None:
        """Read what is left, for whoever counts and hashes below."""
        while self._next():
            pass

    def _next(self) -> bool:
        size = len(self._piece)
        self._piece = next(self._pieces, b"")
        self._before += size
        self._at -= size
        return bool(self._piece)

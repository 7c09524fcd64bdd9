"""The bytes of an rpm database, read within bounds, since its numbers may lie."""

from careen.errors import Invalid
from careen.indexing._rope import Rope


class InvalidDatabase(Invalid):
    """Says where a database is not what its format demands."""


class Storage:
    """Nothing is read beyond the end, no page twice, and of values no more bytes than the file has."""

    def __init__(self, file: Rope) -> None:
        self.size = len(file)
        self._file = file
        self._left = self.size
        self._claimed: set[int] = set()

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes, from `offset` on; raises InvalidDatabase."""
        data = self._file.read(offset, size)
        if len(data) != size:
            raise InvalidDatabase(f"it ends before byte {offset + size}")
        return data

    def claim(self, page: int) -> None:
        """Raises InvalidDatabase where the page belongs to something else already."""
        if page in self._claimed:
            raise InvalidDatabase(f"page {page} is used twice")
        self._claimed.add(page)

    def spend(self, size: int) -> None:
        """To be asked before a value of that size is read; raises InvalidDatabase."""
        if size > self._left:
            raise InvalidDatabase("its values have more bytes than the file")
        self._left -= size

"""Headers in an SQLite database: rpm's `rpmdb.sqlite` since rpm 4.16 (sqlite.org/fileformat2.html).

An own reader of the table `Packages (hnum INTEGER PRIMARY KEY, blob BLOB)`, for SQLite itself would be C
code on a stranger's file. What stands in a write-ahead log beside the file is not seen.
"""

import struct
from collections.abc import Iterator, Sequence

from careen.indexing._rope import Rope
from careen.indexing._rpm_storage import InvalidDatabase, Storage

_MAGIC = b"SQLite format 3\0"
_HEADER = 100  # bytes of page 1 before its tree
_PAGE_SIZES = frozenset(1 << bits for bits in range(9, 17))
_LEAST_USABLE = 480  # bytes of a page
_INTERIOR, _LEAF = 5, 13  # types of a table's pages
_ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_LONGEST_VARINT = 9  # bytes
_LONGEST_TYPES = 100  # bytes that say what a row's values are; rpm's tables have five columns at most
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes of each serial type
_CONSTANTS = {8: b"\0", 9: b"\1"}
_FIXED = {**_INTEGERS, 0: 0, 7: 8, 8: 0, 9: 0}
_SMALLEST_ROW = 32  # bytes at least that a row counts for: a million pointers may lead to one
_TABLE = ("table", "Packages")


def is_mine(file: Rope) -> bool:
    return file.read(0, 16) == _MAGIC


def headers(file: Rope) -> Iterator[bytes]:
    """Every package's blob; raises InvalidDatabase, perhaps in the midst."""
    database = _Database(file)
    for row in database.rows(database.root()):
        yield row[1] if len(row) > 1 else b""
    database.check_end()


class _Database:
    def __init__(self, file: Rope) -> None:
        self._storage = storage = Storage(file)
        size, reserved, encoding = struct.unpack(">H2xB35xI", storage.read(16, 44))
        self._size: int = 65536 if size == 1 else size
        self._usable: int = self._size - reserved
        self._encoding = _ENCODINGS.get(encoding, "utf-8")
        if self._size not in _PAGE_SIZES or self._usable < _LEAST_USABLE:
            raise InvalidDatabase(f"pages of {self._size} bytes")

    def root(self) -> int:
        """The page at which the table of packages begins, as the table of tables on page 1 says."""
        for row in self.rows(1):
            if len(row) > 3 and tuple(map(self._text, row[:2])) == _TABLE:  # noqa: PLR2004 - the fourth column
                return int.from_bytes(row[3])
        raise InvalidDatabase("it has no table of packages")

    def check_end(self) -> None:
        """Raises InvalidDatabase where the file is shorter than its header says (section 1.3.7)."""
        changes, pages, valid_for = struct.unpack("4s4s60x4s", self._storage.read(24, 72))
        if changes == valid_for and int.from_bytes(pages) * self._size > self._storage.size:
            raise InvalidDatabase(f"it lacks some of its {int.from_bytes(pages)} pages")

    def rows(self, root: int) -> Iterator[Sequence[bytes]]:
        """The rows of a table, in their order."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            page = self._page(number)
            start = _HEADER if number == 1 else 0
            kind, cells, right = struct.unpack_from(">B2xH3xI", page, start)
            first = start + (12 if kind == _INTERIOR else 8)
            if kind not in (_INTERIOR, _LEAF) or first + 2 * cells > self._usable:
                raise InvalidDatabase(f"page {number} is no page of a table")
            pointers = struct.unpack_from(f">{cells}H", page, first)
            if kind == _INTERIOR:
                waiting.append(right)
                waiting += [_number(page, pointer) for pointer in reversed(pointers)]
            else:
                yield from (_record(self._payload(page, pointer)) for pointer in pointers)

    def _page(self, number: int) -> bytes:
        if not number:
            raise InvalidDatabase("it refers to a page 0")
        self._storage.claim(number)
        return self._storage.read((number - 1) * self._size, self._size)

    def _payload(self, page: bytes, at: int) -> bytes:
        """A row's bytes: so many in the page itself, the rest in a chain of other pages."""
        length, at = _varint(page, at)
        _, at = _varint(page, at)
        self._storage.spend(max(length, _SMALLEST_ROW))
        local = self._local(length)
        parts, found = [page[at : min(at + local, self._usable)]], local
        number = _number(page, at + local) if local < length else 0
        while found < length:
            more = self._page(number)
            parts.append(more[4 : min(4 + length - found, self._usable)])
            found += len(parts[-1])
            number = _number(more, 0)
        return b"".join(parts)

    def _local(self, length: int) -> int:
        """Section 1.6, "B-tree Pages": how much of a row stays in a page of a table."""
        most = self._usable - 35
        if length <= most:
            return length
        least = (self._usable - 12) * 32 // 255 - 23
        wanted = least + (length - least) % (self._usable - 4)
        return wanted if wanted <= most else least

    def _text(self, value: bytes) -> str:
        return value.decode(self._encoding, "replace")


def _record(payload: bytes) -> list[bytes]:
    """The values of a row (section 2.1), each as its bytes."""
    end, at = _varint(payload, 0)
    if end > _LONGEST_TYPES:
        raise InvalidDatabase(f"the types of a row's values take {end} bytes")
    sizes = []
    while at < end:
        serial, at = _varint(payload, at)
        sizes.append((_CONSTANTS.get(serial), _FIXED.get(serial, (serial - 12) // 2)))
    values = []
    for constant, size in sizes:
        values.append(payload[at : at + size] if constant is None else constant)
        if size < 0 or at + size > len(payload):
            raise InvalidDatabase("a row is shorter than its values")
        at += size
    return values


def _number(page: bytes, at: int) -> int:
    """Of a page."""
    if at + 4 > len(page):
        raise InvalidDatabase("a cell reaches beyond its page")
    return int.from_bytes(page[at : at + 4])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at that place, and the place behind it."""
    value = 0
    for count, byte in enumerate(data[at : at + _LONGEST_VARINT], start=1):
        if count == _LONGEST_VARINT:
            return value << 8 | byte, at + count
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at + count
    raise InvalidDatabase("a number does not end")

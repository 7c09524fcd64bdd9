"""Headers in a hash database of Berkeley DB: rpm's `Packages` up to rpm 4.15 (db_page.h of Berkeley DB 5.3).

A page holds keys and values by turns. A value that does not fit lies in a chain of overflow pages. All
pages are looked at in their order, so neither buckets nor what links them matter.
"""

import struct
from collections.abc import Iterator

from careen.indexing._rope import Rope
from careen.indexing._rpm_header import SMALLEST
from careen.indexing._rpm_storage import InvalidDatabase, Storage

_MAGIC = 0x061561
_PAGE_SIZES = frozenset(1 << bits for bits in range(9, 17))
_BEGIN = 26  # bytes of a page before its entries
_HASH_UNSORTED, _OVERFLOW, _HASH_META, _HASH = 2, 7, 8, 13  # types of pages
_KEY_DATA, _OFF_PAGE = 1, 3  # types of entries: the value itself, or where it lies


def is_mine(file: Rope) -> bool:
    return _order(file) != ""


def headers(file: Rope) -> Iterator[bytes]:
    """Every value that may be a header; raises InvalidDatabase, perhaps in the midst."""
    return _Database(file).values()


def _order(file: Rope) -> str:
    """That of the bytes, as `struct` writes it; "" for another kind of file."""
    magic = file.read(12, 4)
    return {_MAGIC.to_bytes(4, "little"): "<", _MAGIC.to_bytes(4, "big"): ">"}.get(magic, "")


class _Database:
    def __init__(self, file: Rope) -> None:
        order = _order(file)
        self._storage = storage = Storage(file)
        self._size, encryption, kind, last = struct.unpack(f"{order}IBB6xI", storage.read(20, 16))
        self._pages = last + 1
        self._header = struct.Struct(f"{order}16xIHHxB")  # next page, number of entries, free offset, type
        self._off_page = struct.Struct(f"{order}4xII")  # first page, length
        self._order = order
        if self._size not in _PAGE_SIZES or encryption or kind != _HASH_META:
            raise InvalidDatabase("it is no hash database, or an encrypted one")

    def values(self) -> Iterator[bytes]:
        for number in range(1, self._pages):
            page = self._storage.read(number * self._size, self._size)
            _, entries, _, kind = self._header.unpack_from(page)
            if kind in (_HASH, _HASH_UNSORTED):
                yield from self._of_page(page, entries)

    def _of_page(self, page: bytes, entries: int) -> Iterator[bytes]:
        if _BEGIN + 2 * entries > self._size:
            raise InvalidDatabase(f"a page with {entries} entries")
        offsets = struct.unpack_from(f"{self._order}{entries}H", page, _BEGIN)
        for key, value in zip(offsets[::2], offsets[1::2], strict=False):
            kind = page[value] if value < self._size else 0
            if kind == _OFF_PAGE and value + self._off_page.size <= self._size:
                yield self._chain(*self._off_page.unpack_from(page, value))
            elif kind != _KEY_DATA:
                raise InvalidDatabase(f"an entry of the type {kind}")
            elif key - value > SMALLEST:  # what is shorter counts the packages
                self._storage.spend(key - value)
                yield page[value + 1 : key]

    def _chain(self, number: int, length: int) -> bytes:
        """A value of that length, from its first page on."""
        self._storage.spend(length)
        parts, found = [], 0
        while number and found < length:
            self._storage.claim(number)
            page = self._storage.read(number * self._size, self._size)
            number, _, used, kind = self._header.unpack_from(page)
            if kind != _OVERFLOW or not 0 < used <= self._size - _BEGIN:
                raise InvalidDatabase("a value leads to a page of something else")
            parts.append(page[_BEGIN : _BEGIN + used])
            found += used
        if number or found != length:
            raise InvalidDatabase(f"a value has {found} bytes instead of {length}")
        return b"".join(parts)

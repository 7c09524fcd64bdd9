"""Headers in rpm's own database, `Packages.db` (lib/backend/ndb/rpmpkg.c): SUSE's since 2020.

Pages of slots, and behind them the blobs, in blocks of 16 bytes. All numbers are little-endian.
"""

import struct
import zlib
from collections.abc import Iterator

from careen.indexing._rope import Rope
from careen.indexing._rpm_storage import InvalidDatabase, Storage

_MAGIC = b"RpmP"
_VERSION = 0
_PAGE = 4096  # bytes
_BLOCK = 16  # bytes
_FILE_HEADER = struct.Struct("<4sI4xI16x")  # magic, version, pages of slots; it takes the room of two slots
_SLOT = struct.Struct("<4sIII")  # magic, number of the package, first block, blocks
_HEAD = struct.Struct("<4sI4xI")  # magic, number of the package, length
_TAIL = struct.Struct("<II4s")  # Adler-32 of all before it, length, magic


def is_mine(file: Rope) -> bool:
    return file.read(0, 4) == _MAGIC


def headers(file: Rope) -> Iterator[bytes]:
    """Every package's blob; raises InvalidDatabase, perhaps in the midst."""
    storage = Storage(file)
    for number, first, blocks in _slots(storage):
        size = blocks * _BLOCK
        storage.spend(size)
        yield _blob(storage.read(first * _BLOCK, size), number)


def _slots(storage: Storage) -> Iterator[tuple[int, int, int]]:
    _, version, pages = _FILE_HEADER.unpack(storage.read(0, _FILE_HEADER.size))
    if version != _VERSION:
        raise InvalidDatabase(f"it is of the version {version}")
    for page in range(pages):
        skipped = 0 if page else _FILE_HEADER.size
        for magic, number, first, blocks in _SLOT.iter_unpack(storage.read(page * _PAGE, _PAGE)[skipped:]):
            if magic != b"Slot":
                raise InvalidDatabase(f"page {page} has something else than slots")
            if number:
                yield number, first, blocks


def _blob(data: bytes, number: int) -> bytes:
    if len(data) < _HEAD.size + _TAIL.size:
        raise InvalidDatabase(f"the blob of package {number} is too short")
    magic, owner, length = _HEAD.unpack_from(data)
    checksum, length_again, end = _TAIL.unpack(data[-_TAIL.size :])
    if (magic, owner, end, length) != (b"BlbS", number, b"BlbE", length_again):
        raise InvalidDatabase(f"the blob of package {number} is not where its slot says")
    if length > len(data) - _HEAD.size - _TAIL.size or zlib.adler32(data[: -_TAIL.size]) != checksum:
        raise InvalidDatabase(f"the blob of package {number} is damaged")
    return data[_HEAD.size : _HEAD.size + length]

"""The files of a package, as its header in rpm's database lists them (rpm.org, "RPM tags", "File tags").

Paths are in three tables: names, folders, and for each name the number of its folder.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MOST = 200_000  # files of a package
_INT32, _STRING_ARRAY = 4, 8
_DIGESTS, _FOLDER_NUMBERS, _NAMES, _FOLDERS, _ALGORITHM = 1035, 1116, 1117, 1118, 5011
TAGS = frozenset({_DIGESTS, _FOLDER_NUMBERS, _NAMES, _FOLDERS, _ALGORITHM})
_ALGORITHMS = {1: "md5", 2: "sha1", 8: "sha256"}  # RFC 4880, section 9.4


@dataclass(frozen=True, slots=True)
class Table:
    """One entry of a header."""

    kind: int
    at: int  # where its data begin
    count: int


@dataclass(frozen=True, slots=True)
class Files:
    algorithm: str = ""
    files: tuple[tuple[str, bytes], ...] = ()  # path without a leading "/", digest of the content


def parse(blob: bytes, end: int, tables: Mapping[int, Table]) -> Files:
    """Regular files only: nothing else has a digest. Without tables that agree there are none."""
    names, folders, digests = (_texts(blob, end, tables.get(tag)) for tag in (_NAMES, _FOLDERS, _DIGESTS))
    numbers = _numbers(blob, end, tables.get(_FOLDER_NUMBERS))
    if not len(names) == len(numbers) == len(digests):
        return Files()
    said = _numbers(blob, end, tables.get(_ALGORITHM))
    algorithm = _ALGORITHMS.get(said[0], "") if said else "md5"
    return Files(algorithm, tuple(_paths(names, numbers, folders, digests)))


def _paths(
    names: list[bytes], numbers: tuple[int, ...], folders: list[bytes], digests: list[bytes]
) -> Iterator[tuple[str, bytes]]:
    for name, number, digest in zip(names, numbers, digests, strict=True):
        if digest and 0 <= number < len(folders):
            path = (folders[number] + name).decode("utf-8", "backslashreplace").lstrip("/")
            yield path, _hexadecimal(digest)


def _hexadecimal(digest: bytes) -> bytes:
    try:
        return bytes.fromhex(digest.decode("ascii"))
    except ValueError:
        return b""


def _texts(blob: bytes, end: int, table: Table | None) -> list[bytes]:
    if table is None or table.kind != _STRING_ARRAY or table.count > _MOST:
        return []
    texts = blob[table.at : end].split(b"\0", table.count)
    return texts[: table.count] if len(texts) > table.count else []


def _numbers(blob: bytes, end: int, table: Table | None) -> tuple[int, ...]:
    if table is None or table.kind != _INT32 or table.count > _MOST or table.at + 4 * table.count > end:
        return ()
    return struct.unpack_from(f">{table.count}i", blob, table.at)

"""Paths of a layer's files and folders, packed by Zstandard: there are many, and few are ever asked for.

Unpacked, files stand by folder: the folder's path ("" or one that ends with "/"), a NUL, the names in it with
NULs between them, and two NULs; a folder may come again. Folders are two such lists of paths: those that have
an entry of their own, then those that are only implied by what is in them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from careen import zstd

_MOST: Final = 1 << 28  # bytes that are unpacked at most
_NUL: Final = b"\0"
_END: Final = b"\0\0"
_LEVEL: Final = 1  # takes a third of the usual one's time
_AT_ONCE: Final = 64 << 10  # bytes that are compressed
_TOGETHER: Final = 1000  # names
_STEP: Final = 256  # bytes of names that take as long as another folder


class FilePacker:
    """Takes files as they come, and has little of them in memory."""

    def __init__(self) -> None:
        self.size = 0  # bytes so far, unpacked
        self._folder = ""
        self._names: list[bytes] = []  # in that folder; not among the loose bytes yet
        self._loose = bytearray()
        self._packed = bytearray()
        self._stream = zstd.ZstdCompressor(_LEVEL)

    def add(self, folder: str, name: str) -> None:
        self._go_to(folder)
        self._names.append(name.encode())

    def add_all(self, folder: str, names: Sequence[bytes]) -> None:
        self._go_to(folder)
        self._names += names

    def pack(self) -> bytes:
        """All of them; there may be no more."""
        self._close()
        self._packed += self._stream.compress(self._loose) + self._stream.flush()
        return bytes(self._packed)

    def _go_to(self, folder: str) -> None:
        if folder != self._folder or len(self._names) >= _TOGETHER:
            self._close()
            self._folder = folder

    def _close(self) -> None:
        if not self._names:
            return
        text = b"%b\0%b\0\0" % (self._folder.encode(), _NUL.join(self._names))
        self._names.clear()
        self.size += len(text)
        self._loose += text
        if len(self._loose) > _AT_ONCE:
            self._packed += self._stream.compress(self._loose)
            self._loose.clear()


class Files:
    """Which files were packed. Raises ValueError for other bytes."""

    def __init__(self, packed: bytes) -> None:
        self.steps = 0  # that it took to unpack them
        self._together: dict[bytes, list[bytes]] = {}
        self._names: dict[bytes, frozenset[bytes]] = {}  # of folders that somebody asked for
        for folder, names in by_folder(packed):
            self._together.setdefault(folder, []).append(names)
            self.steps += 1 + len(names) // _STEP

    def __contains__(self, path: str) -> bool:
        at = path.rfind("/") + 1
        folder = path[:at].encode()
        names = self._names.get(folder)
        if names is None:
            names = self._names[folder] = _split(_NUL.join(self._together.get(folder, ())))
        return path[at:].encode() in names


class Folders:
    """Which folders were packed. Raises ValueError for other bytes."""

    def __init__(self, packed: bytes) -> None:
        own, _, implied = _unpack(packed).partition(_END)
        self._own, self._implied = _split(own), _split(implied)

    def own(self, path: str) -> bool:
        return path.encode() in self._own

    def implied(self, path: str) -> bool:
        return path.encode() in self._implied


def by_folder(packed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Folders, each with names in it that have NULs between them. Raises ValueError."""
    for group in _unpack(packed).split(_END)[:-1]:
        folder, _, names = group.partition(_NUL)
        yield folder, names


def pack_folders(own: Iterable[str], implied: Iterable[str]) -> bytes:
    return zstd.compress("\0\0".join(map("\0".join, (own, implied))).encode(), _LEVEL)


def check(packed: bytes) -> bytes:
    """The same; raises ValueError for bytes that cannot be unpacked."""
    _unpack(packed)
    return packed


def _split(paths: bytes) -> frozenset[bytes]:
    return frozenset(paths.split(_NUL)) - {b""}


def _unpack(packed: bytes) -> bytes:
    if not packed:
        return b""
    stream = zstd.ZstdDecompressor()
    try:
        unpacked = stream.decompress(packed, _MOST)
    except zstd.ZstdError as error:
        raise ValueError(f"paths are not packed so: {error}") from None
    if not stream.eof or stream.unused_data:
        raise ValueError("packed paths are cut off, or too many")
    return unpacked

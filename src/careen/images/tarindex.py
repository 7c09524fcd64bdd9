"""Where the files of a tar on disk are. Only its headers are read, and nothing is unpacked."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from careen.errors import Invalid
from careen.images import tar
from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.images.tarstream import BLOCK, Stream

_MAX_HEADERS = 200_000
_MAX_LINKS = 8  # links that lead to links


class InvalidTar(Invalid): ...


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file, `size` bytes from `offset` on; or a link to another member."""

    offset: int
    size: int
    link: str = ""  # path of the other member, from the archive's root


class TarIndex:
    """The files and links of a tar by path; of equal paths the last one counts."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members

    def find(self, path: str) -> Member | None:
        """The file at `path`, through links that stay in the archive; None when there is none."""
        for _ in range(_MAX_LINKS):
            member = self._members.get(_clean(path))
            if member is None or not member.link:
                return member
            path = member.link
        return None


class _FileStream(Stream):
    """The archive in a file: what nobody takes is skipped without being read."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__(())
        self._file = file
        self._size = size
        file.seek(0)

    def take(self, size: int) -> bytes:
        taken = self._file.read(size)
        self.before += len(taken)
        return taken

    def rope(self, size: int) -> list[bytes | memoryview]:
        return [self.take(size)]

    def skip_to(self, offset: int) -> None:
        if offset > self._size:
            raise CorruptLayer(f"the archive is cut off at {self._size}")
        self.before = self._file.seek(offset + -offset % BLOCK)


def index(file: BinaryIO, size: int) -> TarIndex:
    """The files of an uncompressed tar of `size` bytes. Raises InvalidTar for what is none, or abnormal."""
    found: dict[str, Member] = {}
    stream = _FileStream(file, size)
    try:
        for member in tar.members(stream, Budgets(entries=_MAX_HEADERS)):
            path = _clean(member.path)
            if member.type == tar.HARD_LINK:
                found[path] = Member(0, 0, _clean(member.link))
            elif member.type == tar.SYMLINK:
                found[path] = Member(0, 0, _clean(posixpath.join(posixpath.dirname(path), member.link)))
            elif member.type in tar.FILES and member.sparse is None:
                found[path] = Member(stream.offset, member.stored)
    except BudgetExceeded:
        raise InvalidTar(f"it has more than {_MAX_HEADERS} headers") from None
    except CorruptLayer as error:
        raise InvalidTar(error.message) from None
    return TarIndex(found)


def _clean(path: str) -> str:
    """From the archive's root; what would lead above it ends there, as in chroot(2)."""
    return posixpath.normpath("/" + path).lstrip("/")

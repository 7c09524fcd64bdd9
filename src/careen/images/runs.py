"""Runs of plain members that nobody wants: most of a layer, put into its tree by the dozen."""

from collections.abc import Iterable
from typing import NamedTuple

from isal.isal_zlib import adler32

from careen.images.extended import ONLY_PATH, PAX
from careen.images.tarfields import Sums
from careen.images.tarstream import BLOCK, Stream
from careen.images.tree import Tree

_FILE, _FOLDER, _SYMLINK = b"052"
_DOTS = b"/"  # the byte behind ".": a name that is not less is neither a whiteout nor "..", nor empty
_TAIL = 3  # bytes
_MOST = 1000  # names that are gathered


class Marks(NamedTuple):
    """Each file that anybody may want has one of these."""

    tails: Iterable[bytes]  # the last three bytes of its path
    firsts: Iterable[bytes]  # the first byte of its content
    begins: tuple[str, ...]  # the beginning of its path


class Runs:
    """Call it at a header to put the members that follow into the tree, while they are plain and unmarked.

    Plain: a file, folder or symbolic link whose header lies in the present piece and whose path is ASCII, no
    field of which needs a second look; a pax header with nothing but the path may stand before it. The stream
    is left at the first header that is not so.
    """

    def __init__(self, tree: Tree, marks: Marks, longest: int) -> None:
        """`longest`: characters of a path."""
        self._tree = tree
        self._longest = longest - BLOCK
        self._tails = frozenset(marks.tails)
        self._firsts = frozenset((*marks.firsts, b""))  # nothing: it is in another piece
        self._begins = marks.begins
        self._above = {begin[:end] for begin in marks.begins for end in range(len(begin))}
        self._names: list[bytes] = []  # of files in one folder, as written; not in the tree yet
        self._folder = b""  # theirs, as written
        self._home = ""  # theirs, as the tree gave it

    def __call__(self, stream: Stream, sums: Sums, most: int) -> int:
        """How many headers were passed, at most `most`. Raises CorruptLayer and BudgetExceeded."""
        passed = seen = 0
        piece, at, long = stream.piece, stream.at, b""
        while seen < most and len(header := piece[at : at + BLOCK]) == BLOCK:
            kind, stored, body = header[156], _size(header, sums), at + BLOCK
            if stored < 0:
                break
            seen += 1
            if kind == PAX and not long and (long := _only_path(piece[body : body + BLOCK], stored)):
                at = body + BLOCK
                continue
            name = long or header[:100].partition(b"\0")[0]
            if kind == _FILE:
                if not self._add_file(name, piece[body : body + 1] if stored else b"\0"):
                    break
            elif self._add_other(kind, name, header):
                stored = 0
            else:
                break
            passed, long = seen, b""
            at = stream.at = body + stored + -stored % BLOCK
            if at > len(piece):
                stream.skip_to(stream.before + body + stored)
                piece, at = stream.piece, stream.at
        self._leave()
        return passed

    def _add_file(self, name: bytes, first: bytes) -> bool:
        """Whether nobody can want the file; `first` is the first byte of its content."""
        folder, _, last = name.rpartition(b"/")
        if not folder or last < _DOTS or name[-_TAIL:] in self._tails or first in self._firsts:
            return False
        if folder != self._folder or len(self._names) == _MOST:
            self._leave()
            home = self._tree.enter(str(folder, "ascii"))
            if home in self._above or home.startswith(self._begins) or len(home) > self._longest:
                return False
            self._folder, self._home = folder, home
        self._names.append(name)
        return True

    def _add_other(self, kind: int, name: bytes, header: bytes) -> bool:
        """Whether it is a folder or a symbolic link, after which all files' folders are entered anew."""
        if kind not in (_FOLDER, _SYMLINK):
            return False
        self._leave()
        if kind == _FOLDER:
            self._tree.add_folder(str(name, "ascii"))
        else:
            self._tree.add_symlink(str(name, "ascii"), str(header[157:257].partition(b"\0")[0], "ascii"))
        return True

    def _leave(self) -> None:
        """Put the files of this folder into the tree."""
        if self._names:
            self._tree.add_files(self._home, str(b"\0".join(self._names), "ascii").split("\0"))
            self._names = []
        self._folder = b""


def _size(header: bytes, sums: Sums) -> int:
    """Bytes of the content; -1 where the header is not written as most are."""
    size = header[124:135]
    if (
        header[345]
        or not header.isascii()
        or not size.isdigit()
        or header[135] not in b"\0 "
        or adler32(header) & 0xFFFF != sums[header[148:156]]
    ):
        return -1
    try:
        return int(size, 8)
    except ValueError:
        return -1


def _only_path(block: bytes, size: int) -> bytes:
    """The path in a pax header of this size that fits in the block and tells nothing else; else nothing."""
    only = ONLY_PATH.fullmatch(block, 0, size) if size <= len(block) else None
    return only[2] if only and int(only[1]) == size and only[2].isascii() else b""

"""Runs of plain members that nobody wants: most of a layer, put into its tree by the dozen."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from isal.isal_zlib import adler32

from careen.images.extended import PAX
from careen.images.tarfields import Sums
from careen.images.tarstream import BLOCK, Stream
from careen.images.tree import Tree

_FILE, _FOLDER, _SYMLINK = b"052"
_DOTS = b"/"  # the byte behind ".": a name that is not less is neither a whiteout nor "..", nor empty
_TAIL = 3  # bytes
_MOST = 1000  # names that are gathered
_MOST_STEPS = 10_000  # different sizes that are remembered


HEAD = 8  # bytes that tell what a file is
MayWant = Callable[[str, bytes], object]  # asked with the path of a file and its head


class Marks(NamedTuple):
    """Each file that anybody may want has one of these."""

    tails: Iterable[bytes]  # the last three bytes of its path
    firsts: Iterable[bytes]  # the first byte of its content
    begins: tuple[str, ...]  # the beginning of its path


class Runs:
    """Call it at a header to put the members that follow into the tree, while they are plain and unmarked.

    Plain: a file, folder or symbolic link whose header lies in the present piece and whose path is ASCII, no
    field of which needs a second look; a pax header with nothing but the path may stand before it. The stream
    is left at the first header that is not so, or that somebody may want.
    """

    def __init__(self, tree: Tree, marks: Marks, longest: int, may_want: MayWant) -> None:
        """`longest`: characters of a path. `may_want` is asked about marked files."""
        self._tree = tree
        self._may_want = may_want
        self._longest = longest - BLOCK
        self._tails = frozenset(marks.tails)
        self._firsts = frozenset(map(ord, marks.firsts))
        self._begins = marks.begins
        self._above = {begin[:end] for begin in marks.begins for end in range(len(begin))}
        self._names: list[bytes] = []  # of files in one folder; not in the tree yet
        self._home = ""  # theirs, as the tree gave it
        self._steps = _Steps()

    def __call__(self, stream: Stream, sums: Sums, most: int) -> int:  # noqa: C901, PLR0915 - see below
        """How many headers were passed, at most `most`. Raises CorruptLayer and BudgetExceeded.

        All in one, since to call a function takes a tenth of the time that a header takes.
        """
        steps, tails, firsts, names = self._steps, self._tails, self._firsts, self._names
        piece, at, passed, seen = stream.piece, stream.at, 0, 0
        long, present = b"", None  # the path in a pax header; the folder of `names`, as written
        while seen < most and len(header := piece[at : at + BLOCK]) == BLOCK:
            step, kind, body = steps[header[124:136]], header[156], at + BLOCK
            if not step or not header.isascii() or adler32(header) & 0xFFFF != sums[header[148:156]]:
                break
            seen += 1
            if kind == PAX and not long and (long := _only_path(piece, body, header)):
                at += step
                continue
            name = long or (_prefixed(header) if header[345] else header[:100].partition(b"\0")[0])
            if kind == _FILE:
                folder, _, last = name.rpartition(b"/")
                is_empty = step == BLOCK
                if last < _DOTS or (body == len(piece) and not is_empty):
                    break
                if folder != present or len(names) == _MOST:
                    present = self._enter(folder)
                    if present is None:
                        break
                is_marked = name[-_TAIL:] in tails or (not is_empty and piece[body] in firsts)
                if is_marked and self._is_wanted(last, piece, body, header):
                    break
                names.append(last)
            else:
                present, step = None, BLOCK
                if not self._add_other(kind, name, header):
                    break
            passed, long = seen, b""
            at = stream.at = at + step
            if at > len(piece):
                stream.skip_to(stream.before + body + int(header[124:135], 8))  # the filling may be missing
                piece, at = stream.piece, stream.at
        self._leave()
        return passed

    def _enter(self, folder: bytes) -> bytes | None:
        """The folder, where its files go from now on; nothing where somebody may want them."""
        self._leave()
        home = self._tree.enter(str(folder, "ascii")) if folder else ""
        if home in self._above or home.startswith(self._begins) or len(home) > self._longest:
            return None
        self._home = home
        return folder

    def _is_wanted(self, name: bytes, piece: bytes, body: int, header: bytes) -> bool:
        """Whether somebody may want the file; also where its head does not lie in the piece as a whole."""
        size = min(int(header[124:135], 8), HEAD)
        head = piece[body : body + size]
        return len(head) < size or bool(self._may_want(self._home + str(name, "ascii"), head))

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
            self._tree.add_files(self._home, self._names)
            self._names.clear()


class _Steps(dict[bytes, int]):
    """Bytes from a header to the one behind its content, by the field of the size; 0 for an unusual one."""

    def __missing__(self, field: bytes) -> int:
        step = _step(field)
        if len(self) < _MOST_STEPS:
            self[field] = step
        return step


def _step(field: bytes) -> int:
    digits = field[:-1]
    if not digits.isdigit() or field[-1] not in b"\0 ":
        return 0
    try:
        size = int(digits, 8)
    except ValueError:
        return 0
    return BLOCK + size + -size % BLOCK


def _prefixed(header: bytes) -> bytes:
    """The path where something stands in the field of its prefix; nothing where that needs a second look."""
    name = header[:100].partition(b"\0")[0]
    if header[257:263] != b"ustar\0":
        return name
    return b"" if header[508] else b"%b/%b" % (header[345:500].partition(b"\0")[0], name)


def _only_path(piece: bytes, at: int, header: bytes) -> bytes:
    """The path of the pax header at `at`, if that lies in the piece and tells nothing else; else nothing."""
    size = int(header[124:135], 8)
    body, start = piece[at : at + min(size, BLOCK)], b"%d path=" % size
    if body.startswith(start) and body.find(b"\n") == size - 1 and b"\0" not in body and body.isascii():
        return body[len(start) : -1]
    return b""

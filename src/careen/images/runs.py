"""Runs of plain members, most of which nobody wants: most of a layer, put into its tree by the dozen."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from careen.images.budgets import Budgets
from careen.images.extended import PAX
from careen.images.tarfields import plain_size
from careen.images.tarstream import BLOCK, Stream
from careen.images.tree import Tree

_FILE: Final = ord("0")
_FOLDER: Final = ord("5")
_SYMLINK: Final = ord("2")
_DOT: Final = ord(".")
_TAIL: Final = 3  # bytes
_MOST: Final = 1000  # names that are gathered

HEAD: Final = 8  # bytes that tell what a file is
MayWant = Callable[[str, bytes], object]  # asked with the path of a file and its head
# With the path of a file, its header, where in the present piece it begins, and how many bytes it has.
Take = Callable[[str, bytes, int, int], None]
_ONLY_PATH: Final = [b"%d path=" % size for size in range(BLOCK)]  # how a pax header of so many bytes begins


class Marks(NamedTuple):
    """Each file that anybody may want has one of these."""

    tails: Iterable[bytes]  # the last three bytes of its path
    firsts: Iterable[bytes]  # the first byte of its content
    begins: tuple[str, ...]  # the beginning of its path


class Runs:
    """Call it at a header to put the members that follow into the tree, while they are plain.

    Plain: a file, folder or symbolic link whose header lies in the present piece and whose path is ASCII, no
    field of which needs a second look; a pax header with nothing but the path may stand before it. The stream
    is left at the first header that is not so, or of a file that somebody may want and that goes on behind
    the piece.
    """

    def __init__(self, tree: Tree, marks: Marks, budgets: Budgets, may_want: MayWant, take: Take) -> None:
        """`may_want` is asked about marked files, and `take` called for those that somebody may want."""
        self._tree = tree
        self._may_want = may_want
        self._take = take
        self._longest = budgets.path_length - BLOCK
        self._largest = min(budgets.held, budgets.member)  # bytes of a file that is there as a whole
        self._tails = frozenset(marks.tails)
        firsts = frozenset(map(ord, marks.firsts))
        self._firsts = bytes(byte in firsts for byte in range(256))
        self._begins = marks.begins
        self._above = {begin[:end] for begin in marks.begins for end in range(len(begin))}
        self._names: list[bytes] = []  # of files in one folder; not in the tree yet
        self._home = ""  # theirs, as the tree gave it

    def __call__(self, stream: Stream, most: int) -> int:  # noqa: C901, PLR0915 - see below
        """How many headers were passed, at most `most`. Raises CorruptLayer and BudgetExceeded.

        All in one, since to call a function takes a tenth of the time that a header takes.
        """
        tails, firsts, names = self._tails, self._firsts, self._names
        piece, at, passed, seen = stream.piece, stream.at, 0, 0
        long, present = b"", None  # the path in a pax header; the folder of `names`, as written
        while seen < most and len(header := piece[at : at + BLOCK]) == BLOCK:
            size, kind, body = plain_size(header), header[156], at + BLOCK
            if size < 0:
                break
            seen += 1
            if kind == PAX and not long and (long := _only_path(piece, body, size)):
                at = body + size + -size % BLOCK
                continue
            name = long or (_prefixed(header) if header[345] else header[:100].partition(b"\0")[0])
            if kind == _FILE:
                folder, _, last = name.rpartition(b"/")
                # A name may be empty, ".." or a whiteout, and the first byte may be in another piece.
                if not last or last[0] <= _DOT or (size and body == len(piece)):
                    break
                if folder != present or len(names) == _MOST:
                    present = self._enter(folder)
                    if present is None:
                        break
                is_marked = name[-_TAIL:] in tails or (size and firsts[piece[body]])
                if not is_marked:
                    names.append(last)
                elif not self._pass_marked(last, header, piece, body, size):
                    break
            else:
                present, size = None, 0
                if not self._add_other(kind, name, header):
                    break
            passed, long = seen, b""
            at = stream.at = body + size + -size % BLOCK
            if at > len(piece):
                stream.skip_to(stream.before + body + size)  # the filling may be missing
                piece, at = stream.piece, stream.at
        self._leave()
        return passed

    def _enter(self, folder: bytes) -> bytes | None:
        """The folder, where its files go from now on; nothing where somebody may want them."""
        self._leave()
        home = self._tree.enter(folder.decode("ascii")) if folder else ""
        if home in self._above or home.startswith(self._begins) or len(home) > self._longest:
            return None
        self._home = home
        return folder

    def _pass_marked(self, name: bytes, header: bytes, piece: bytes, body: int, size: int) -> bool:
        """Whether the file was passed, and taken if somebody may want it; not if it needs the next piece."""
        head = piece[body : body + min(size, HEAD)]
        if len(head) < min(size, HEAD):
            return False
        path = self._home + name.decode("ascii")
        is_wanted = self._may_want(path, head)
        if is_wanted and (body + size > len(piece) or size > self._largest):
            return False
        self._names.append(name)
        if is_wanted:
            self._leave()
            self._take(path, header, body, size)
        return True

    def _add_other(self, kind: int, name: bytes, header: bytes) -> bool:
        """Whether it is a folder or a symbolic link, after which all files' folders are entered anew."""
        if kind not in (_FOLDER, _SYMLINK):
            return False
        self._leave()
        if kind == _FOLDER:
            self._tree.add_folder(name.decode("ascii"))
        else:
            self._tree.add_symlink(name.decode("ascii"), header[157:257].partition(b"\0")[0].decode("ascii"))
        return True

    def _leave(self) -> None:
        """Put the files of this folder into the tree."""
        if self._names:
            self._tree.add_files(self._home, self._names)
            self._names.clear()


def _prefixed(header: bytes) -> bytes:
    """The path where something stands in the field of its prefix; nothing where that needs a second look."""
    name = header[:100].partition(b"\0")[0]
    if header[257:263] != b"ustar\0":
        return name
    return b"" if header[508] else b"%b/%b" % (header[345:500].partition(b"\0")[0], name)


def _only_path(piece: bytes, at: int, size: int) -> bytes:
    """The path in the `size` bytes of a pax header at `at`; nothing if they tell more, or go on elsewhere."""
    if size >= BLOCK:
        return b""
    body, start = piece[at : at + size], _ONLY_PATH[size]
    if body.startswith(start) and body.find(b"\n") == size - 1 and 0 not in body and body.isascii():
        return body[len(start) : -1]
    return b""

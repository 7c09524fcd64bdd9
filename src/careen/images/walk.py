"""One walk through a layer's archive: its tree, and the files that indexers want."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from careen.images.budgets import Budgets
from careen.images.runs import HEAD, Marks, MayWant, Runs
from careen.images.tar import FILES, FOLDER, HARD_LINK, SYMLINK, Member, members, mode, mtime
from careen.images.tarstream import Stream
from careen.images.tree import Tree
from careen.model.file import File

_KEPT_FILE: Final = 64 << 10  # bytes of a file that is kept in case that a hard link leads to it
_KEPT: Final = 512 << 10  # bytes of all such files: more would lie in memory that was never touched before


class _Target(NamedTuple):
    """A wanted file to which a hard link may lead."""

    mode: int
    size: int
    head: bytes
    mtime: int
    content: bytes | None  # None: it was not kept


_UNKNOWN: Final = _Target(0, 0, b"", 0, None)

Wants = Callable[[File], bool]
See = Callable[[File], object]
Sift = Callable[[Iterable[bytes]], Sequence[bytes | memoryview]]


class Walk:
    """Run it for the wanted files, then ask for the rest.

    A later file with the same path replaces an earlier one; `tree.evidence` holds the paths that stand.
    Raises CorruptLayer and BudgetExceeded.
    """

    _see: See  # while it runs

    def __init__(
        self,
        pieces: Iterable[bytes],
        *,
        wants: Wants,
        budgets: Budgets,
        sift: Callable[[File], Sift | None] = lambda _file: None,
        may_want: MayWant = lambda _path, _head: True,
        marks: Marks | None = None,
    ) -> None:
        """`may_want` is asked before `wants`, with a path and first bytes: a layer has many files.

        No file without one of the `marks` is wanted, if there are any marks.
        `sift` tells how to choose what stays of a file larger than the budget `held`; None: all of it.
        """
        self.tree = Tree(budgets)
        self.missing: dict[str, str] = {}  # wanted hard links to files that were not kept: path -> target
        self._stream = Stream(pieces)
        self._wants = wants
        self._may_want = may_want
        self._marks = marks
        self._sift = sift
        self._budgets = budgets
        self._targets: dict[str, _Target] = {}
        self._room = _KEPT

    def run(self, see: See) -> None:
        """Through the whole archive; `see` gets each wanted file, in the archive's order."""
        tree, marks, budgets = self.tree, self._marks, self._budgets
        self._see = see
        # Not the walk's own, or both would hold each other, and all that they know with them.
        runs = Runs(tree, marks, budgets, self._may_want, self._take) if marks else None
        for member in members(self._stream, budgets, runs):
            kind = member.type
            if kind in FILES:
                self._file(member)
            elif kind == FOLDER:
                tree.add_folder(member.path)
            elif kind == SYMLINK:
                tree.add_symlink(member.path, member.link)
            elif kind == HARD_LINK:
                self._hard_link(member)
            else:
                tree.add(member.path)

    def _file(self, member: Member) -> None:
        path, stored = self.tree.add(member.path), member.stored
        head = self._stream.peek(min(stored, HEAD)) if member.sparse is None else b""
        if not path or not self._may_want(path, head):  # "": a whiteout
            return
        pieces: list[bytes | memoryview] = []
        file = File(path, mode(member.header), member.size, pieces, head, mtime(member.header))
        if self._wants(file):
            pieces += self._content(file, member)
            self._found(file)

    def _take(self, path: str, header: bytes, at: int, size: int) -> None:
        """A file that lies in the present piece; it is in the tree."""
        pieces: list[bytes | memoryview] = []
        head = self._stream.piece[at : at + min(size, HEAD)]
        file = File(path, mode(header), size, pieces, head, mtime(header))
        if self._wants(file):
            pieces.append(self._stream.lying(at, size))
            self._found(file)

    def _found(self, file: File) -> None:
        self.missing.pop(file.path, None)
        self._targets[file.path] = _Target(file.mode, file.size, file.head, file.mtime, self._kept(file))
        self.tree.add_evidence(file.path)
        self._see(file)

    def _kept(self, file: File) -> bytes | None:
        if file.size > min(_KEPT_FILE, self._room):
            return None
        self._room -= file.size
        return file.read()

    def _content(self, asked: File, member: Member) -> Sequence[bytes | memoryview]:
        if asked.size > self._budgets.held and not member.sparse and (sift := self._sift(asked)):
            return sift(member.pieces(self._stream))
        if asked.size > self._budgets.member or member.stored > self._budgets.member:
            raise self._budgets.exceeded("member", f"bytes of {asked.path!r}")
        return member.read(self._stream)

    def _hard_link(self, member: Member) -> None:
        """The target's content is seen under the link's path, if it is wanted and was kept."""
        tree = self.tree
        target = tree.where(member.link)
        target = self.missing.get(target, target)
        if target in tree.symlinks:
            tree.add_symlink(member.path, tree.symlinks[target])
            return
        known = self._targets.get(target, _UNKNOWN) if target in tree.evidence else _UNKNOWN
        path = tree.add(member.path)
        self.missing.pop(path, None)
        if not path or not self._wants(File(path, mode(member.header), known.size, head=known.head)):
            return
        tree.add_evidence(path)
        if known.content is None:
            self.missing[path] = target
        else:
            self._see(File(path, known.mode, known.size, (known.content,), known.head, known.mtime))

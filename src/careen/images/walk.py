"""One walk through a layer's archive: its tree, and the files that indexers want."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from careen.images.budgets import Budgets
from careen.images.runs import HEAD, Marks, MayWant, Runs
from careen.images.tar import FILES, FOLDER, HARD_LINK, SYMLINK, Member, members
from careen.images.tarstream import Stream
from careen.images.tree import Tree
from careen.model.file import File

_KEPT_FILE: Final = 64 << 10  # bytes of a file that is kept in case that a hard link leads to it
_KEPT: Final = 2 << 20  # bytes of all such files: more would lie in memory that was never touched before


class _Target(NamedTuple):
    """A wanted file to which a hard link may lead."""

    mode: int
    size: int
    head: bytes
    mtime: int
    content: bytes | None  # None: it was not kept


_UNKNOWN: Final = _Target(0, 0, b"", 0, None)

Wants = Callable[[File], bool]
Sift = Callable[[Iterable[bytes]], Sequence[bytes | memoryview]]


class Walk:
    """Iterate over it for the wanted files, in the archive's order, then ask for the rest.

    A later file with the same path replaces an earlier one; `tree.evidence` holds the paths that stand.
    Raises CorruptLayer and BudgetExceeded.
    """

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
        """No file without one of the `marks` is wanted, if there are any marks.

        Of those with one `may_want` is asked before `wants`, with a path and first bytes: it is asked faster.
        `sift` tells how to choose what stays of a file larger than the budget `held`; None: all of it.
        """
        self.tree = Tree(budgets)
        self.missing: dict[str, str] = {}  # wanted hard links to files that were not kept: path -> target
        self._stream = Stream(pieces)
        self._wants = wants
        self._runs = Runs(self.tree, marks, budgets.path_length, may_want) if marks else None
        self._sift = sift
        self._budgets = budgets
        self._targets: dict[str, _Target] = {}
        self._room = _KEPT

    def __iter__(self) -> Iterator[File]:
        tree = self.tree
        for member in members(self._stream, self._budgets, self._runs):
            kind, file = member.type, None
            if kind in FILES:
                file = self._file(member)
            elif kind == FOLDER:
                tree.add_folder(member.path)
            elif kind == SYMLINK:
                tree.add_symlink(member.path, member.link)
            elif kind == HARD_LINK:
                file = self._hard_link(member)
            else:
                tree.add(member.path)
            if file is not None:
                tree.add_evidence(file.path)
                yield file
                del file  # its content must not outlive the next one's coming

    def _file(self, member: Member) -> File | None:
        """The file with its content, if it is wanted."""
        path, stored = self.tree.add(member.path), member.stored
        head = self._stream.peek(min(stored, HEAD)) if member.sparse is None else b""
        if not path:  # a whiteout
            return None
        pieces: list[bytes | memoryview] = []
        file = File(path, member.mode, member.size, pieces, head, member.mtime)
        if not self._wants(file):
            return None
        self.missing.pop(path, None)
        pieces += self._content(file, member)
        self._targets[path] = _Target(file.mode, file.size, head, file.mtime, self._kept(file))
        return file

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

    def _hard_link(self, member: Member) -> File | None:
        """The target's content under the link's path, if it is wanted and was kept."""
        tree = self.tree
        target = tree.where(member.link)
        target = self.missing.get(target, target)
        if target in tree.symlinks:
            tree.add_symlink(member.path, tree.symlinks[target])
            return None
        known = self._targets.get(target, _UNKNOWN) if target in tree.evidence else _UNKNOWN
        path = tree.add(member.path)
        self.missing.pop(path, None)
        if not path or not self._wants(File(path, member.mode, known.size, head=known.head)):
            return None
        if known.content is None:
            tree.add_evidence(path)
            self.missing[path] = target
            return None
        return File(path, known.mode, known.size, (known.content,), known.head, known.mtime)

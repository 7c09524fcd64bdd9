"""One walk through a layer's archive: its tree, and the files that indexers want."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from careen.images.budgets import Budgets
from careen.images.runs import HEAD, Marks, MayWant, Runs
from careen.images.tar import FILES, FOLDER, HARD_LINK, SYMLINK, Member, members
from careen.images.tarstream import Stream
from careen.images.tree import Tree
from careen.model.file import File

_KEPT_FILE = 64 << 10  # bytes of a file that is kept in case that a hard link leads to it
_KEPT = 8 << 20  # bytes of all such files

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
        """`may_want` is asked before `wants`, with a path and first bytes: a layer has many files.

        No file without one of the `marks` is wanted, if there are any marks.
        `sift` tells how to choose what stays of a file larger than the budget `held`; None: all of it.
        """
        self.tree = Tree(budgets)
        self.missing: dict[str, str] = {}  # wanted hard links to files that were not kept: path -> target
        self._stream = Stream(pieces)
        self._wants = wants
        self._may_want = may_want
        self._runs = Runs(self.tree, marks, budgets.path_length, may_want) if marks else None
        self._sift = sift
        self._budgets = budgets
        self._kept: dict[str, File] = {}
        self._others: dict[str, File] = {}  # wanted, but too large to be kept; without content
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
        if not path or not self._may_want(path, head):  # "": a whiteout
            return None
        mode, size = member.mode, member.size
        asked = File(path, mode, size, head=head)
        if not self._wants(asked):
            return None
        self.missing.pop(path, None)
        file = File(path, mode, size, self._content(asked, member), head, member.mtime)
        if size <= min(_KEPT_FILE, self._room):
            self._room -= size
            self._kept[path] = file
        else:
            self._others[path] = asked
        return file

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
        stands = target in tree.evidence
        kept = self._kept.get(target) if stands else None
        known = kept or (self._others.get(target) if stands else None) or File("")
        path = tree.add(member.path)
        self.missing.pop(path, None)
        if not path or not self._wants(File(path, member.mode, known.size, head=known.head)):
            return None
        if kept is None:
            tree.add_evidence(path)
            self.missing[path] = target
            return None
        return replace(kept, path=path)

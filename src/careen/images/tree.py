"""What a layer does to the tree below it, gathered in the walk (OCI image-spec, layer.md#changesets)."""

from collections.abc import Sequence
from typing import Final

from careen.images.budgets import BudgetExceeded, Budgets
from careen.images.paths import ancestors, normal, place, resolve
from careen.model.layer import LayerTree
from careen.model.packed_paths import FilePacker, by_folder, pack_folders
from careen.model.problem import Problem, ProblemKind

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_AUFS: Final = ".wh..wh."  # the first such file system's own files: they mean nothing in a layer
_NO_NAMES: Final = frozenset(("", ".", ".."))
_LETTERS: Final = "/"  # the character behind ".": what is not less is neither one of these nor a whiteout
_UPKEEP: Final = 64  # bytes that a path costs beyond its characters
_FILE: Final = 512  # bytes that a file which an indexer sees costs beyond its content
_TOLD: Final = 100  # paths that leave the root and are told one by one


class Tree:
    """The layer unpacked on its own, in order: of entries with the same path the last one stands.

    Takes paths as the archive writes them; gives and keeps them in normal form, with the layer's own links
    among their folders followed. Raises BudgetExceeded for what is too long, too deep or too much.
    """

    def __init__(self, budgets: Budgets) -> None:
        self.symlinks: dict[str, str] = {}
        self.evidence: set[str] = set()  # files that indexers saw and that still stand
        self.problems: list[Problem] = []
        self._budgets = budgets
        self._longest = budgets.path_length
        self._room = budgets.tree
        self._files = FilePacker()  # all that is no folder
        self._filled: set[str] = set()  # folders with such files
        self._crowded: set[str] = set()  # folders with other folders, links or evidence
        self._covering: dict[bytes, set[bytes]] = {}  # folders that may have taken a file's place, by theirs
        self._folders: dict[str, bool] = {}  # whether it has an entry of its own
        self._homes: dict[str, str] = {}  # where a folder as written really is: "" or a path and "/"
        self._whiteouts: set[str] = set()
        self._opaque: set[str] = set()

    def add(self, written: str) -> str:
        """A member that is no folder. Returns its path; "" for a whiteout, which stands nowhere."""
        folder, _, name = written.rpartition("/")
        if name < _LETTERS and name in _NO_NAMES:
            plain, _ = normal(self._bounded(written))
            return self.add(plain) if plain else ""
        home = self._homes.get(folder)
        if home is None:
            home = self._enter(folder)
        if name < _LETTERS and name.startswith(_WHITEOUT):
            return self._hide(home, name)
        path = home + name
        if len(path) > self._longest:
            raise self._too_long()
        if path in self._folders:
            self._remove_folder(path)
        elif path in self.symlinks:
            self._remove_symlink(path)
        self.evidence.discard(path)
        self._filled.add(home)
        self._files.add(home, name)
        self._spend_names()
        return path

    def add_files(self, home: str, names: Sequence[bytes]) -> None:
        """As `add` for each of `names`, plain ones, in the order; `enter` gave the home of their folder."""
        if home in self._crowded and self._stands(home, names):
            for name in names:
                self.add(home + name.decode("ascii"))
        else:
            self._filled.add(home)
            self._files.add_all(home, names)
            self._spend_names()

    def _stands(self, home: str, names: Sequence[bytes]) -> bool:
        """Whether there is something else at the path of one of them."""
        folders, symlinks, evidence = self._folders, self.symlinks, self.evidence
        for name in names:
            path = home + name.decode("ascii")
            if path in folders or path in symlinks or path in evidence:
                return True
        return False

    def enter(self, written: str) -> str:
        """What to put before names in the folder that is written so, which is there from now on."""
        home = self._homes.get(written)
        return self._enter(written) if home is None else home

    def add_symlink(self, written: str, target: str) -> None:
        path = self.add(written)
        if path:
            self._spend(path)
            self._spend(target)
            self.symlinks[path] = self._bounded(target)
            self._crowded.add(_home(path))

    def add_folder(self, written: str) -> None:
        plain = written.rstrip("/")
        folder, _, name = plain.rpartition("/")
        if name in _NO_NAMES:
            plain, _ = normal(self._bounded(written))
            return self.add_folder(plain) if plain else None
        home = self._homes.get(folder)
        if home is None:
            home = self._enter(folder)
        if name.startswith(_WHITEOUT):
            self._hide(home, name)
            return None
        path = home + name
        if path not in self._folders:
            self._make_folder(self._bounded(path), home)
        self._folders[path] = True
        if plain not in self._homes and path.count("/") < self._budgets.path_depth:
            self._spend(plain)
            self._homes[plain] = path + "/"
        return None

    def add_evidence(self, path: str) -> None:
        """An indexer sees the file at `path`, which stands there."""
        self._spend(path, more=_FILE)
        self.evidence.add(path)
        self._crowded.add(_home(path))

    def has_folder(self, path: str) -> bool:
        return path in self._folders

    def where(self, written: str) -> str:
        """The path of what the layer has at `written`."""
        return place(normal(self._bounded(written))[0], self.symlinks)

    def build(self) -> LayerTree:
        """All that was taken; no more may come. Raises BudgetExceeded."""
        files = self._files.pack()
        self._spend_names()
        if self._covering:
            self._empty(files)
        return LayerTree(
            whiteouts=tuple(sorted(self._whiteouts)),
            opaque=tuple(sorted(self._opaque)),
            symlinks=dict(sorted(self.symlinks.items())),
            files=files,
            folders=pack_folders(
                (path for path, own in self._folders.items() if own),
                (path for path, own in self._folders.items() if not own),
            ),
        )

    def _empty(self, files: bytes) -> None:
        """Where a folder took a file's place an engine has removed all that was there in the layers below."""
        for home, names in by_folder(files):
            covering = self._covering.get(home)
            for name in covering.intersection(names.split(b"\0")) if covering else ():
                path = str(home + name, "utf-8")
                if path in self._folders:
                    self._folders[path] = True
                    self._opaque.add(path)

    def _hide(self, home: str, name: str) -> str:
        hidden = name.removeprefix(_WHITEOUT)
        if name == _OPAQUE:
            self._opaque.add(home.rstrip("/"))
        elif not name.startswith(_AUFS) and hidden not in _NO_NAMES:
            self._spend(hidden)
            self._spend(home)
            self._whiteouts.add(home + hidden)
        return ""

    def _enter(self, written: str) -> str:
        above, _, name = self._bounded(written).rpartition("/")
        parent = self._homes.get(above)
        home = "" if parent is None or name in _NO_NAMES else parent + name
        is_known = home and home not in self.symlinks
        if not is_known:
            home = self._follow(written)
        if home.count("/") >= self._budgets.path_depth:
            raise self._budgets.exceeded("path_depth", "folders around a member")
        if home:
            for folder in (home,) if is_known else (home, *ancestors(home)):
                if folder not in self._folders:
                    self._make_folder(folder, _home(folder))
        self._spend(written)
        prefix = self._homes[written] = f"{home}/" if home else ""
        return prefix

    def _follow(self, written: str) -> str:
        """Where links lead from the folder that is written so; itself where they lead round in circles."""
        folder, escapes = normal(written)
        if escapes:
            self._tell(folder)
        found = resolve(folder, self.symlinks) if self.symlinks else folder
        return folder if found is None else found

    def _bounded(self, path: str) -> str:
        if len(path) > self._longest:
            raise self._too_long()
        return path

    def _spend(self, path: str, *, more: int = 0) -> None:
        self._room -= len(path) + _UPKEEP + more
        if self._room < 0:
            raise self._budgets.exceeded("tree", "bytes of folders, links, whiteouts and files to be read")

    def _spend_names(self) -> None:
        if self._files.size > self._budgets.names:
            raise self._budgets.exceeded("names", "bytes of the names of files")

    def _too_long(self) -> BudgetExceeded:
        return self._budgets.exceeded("path_length", "characters of a path")

    def _tell(self, folder: str) -> None:
        if len(self.problems) < _TOLD:
            message = "the layer has files at a path that leaves the root; they are taken as inside"
            self.problems.append(Problem(ProblemKind.INVALID_METADATA, folder, message))

    def _make_folder(self, path: str, home: str) -> None:
        self._spend(path)
        self._folders[path] = False
        self._crowded.add(home)
        if home in self._filled:
            self._covering.setdefault(home.encode(), set()).add(path[len(home) :].encode())
        self.evidence.discard(path)
        if path in self.symlinks:
            self._remove_symlink(path)

    def _remove_symlink(self, path: str) -> None:
        del self.symlinks[path]
        self._homes.clear()

    def _remove_folder(self, path: str) -> None:
        """Something else took the folder's place; what was in it is gone.

        The digests of files in it stay: what stands at `path` now hides the same ones in the layers below.
        """
        below = path + "/"
        self._homes.clear()
        self._room -= len(self._folders)  # all are looked at
        self._folders = {
            folder: own
            for folder, own in self._folders.items()
            if folder != path and not folder.startswith(below)
        }
        self.evidence = {file for file in self.evidence if not file.startswith(below)}
        self.symlinks = {link: to for link, to in self.symlinks.items() if not link.startswith(below)}


def _home(path: str) -> str:
    """What stands before the name."""
    return path[: path.rfind("/") + 1]

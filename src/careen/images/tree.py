"""What a layer does to the tree below it, gathered in the walk (OCI image-spec, layer.md#changesets)."""

from careen.images.budgets import BudgetExceeded, Budgets
from careen.images.keys import Keys
from careen.images.paths import ancestors, digest, digests, normal, place, resolve
from careen.model.layer import LayerTree
from careen.model.problem import Problem, ProblemKind

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."  # the first such file system's own files: they mean nothing in a layer
_NO_NAMES = frozenset(("", ".", ".."))
_LETTERS = "/"  # the character behind ".": a name that is not less is neither a whiteout nor one of these
_UPKEEP = 64  # bytes that a path costs beyond its characters
_FILE = 512  # bytes that a file which an indexer sees costs beyond its content
_TOLD = 100  # paths that leave the root and are told one by one


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
        self._files = Keys()  # of all that is no folder
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
        self._files.add(digest(path))
        return path

    def add_files(self, home: str, names: list[str]) -> None:
        """As `add` for each of `names`, plain ones, in the order; `enter` gave the home of their folder."""
        cut = names[0].rfind("/") + 1
        is_plain = names[0][:cut] == home
        paths = names if is_plain else [home + name[cut:] for name in names]
        if (
            self._folders.keys().isdisjoint(paths)
            and self.symlinks.keys().isdisjoint(paths)
            and self.evidence.isdisjoint(paths)
        ):
            self._files.add_all(digests(paths))
        else:
            for name in names:
                self.add(name)

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

    def add_folder(self, written: str) -> None:
        folder, _, name = written.rstrip("/").rpartition("/")
        if name in _NO_NAMES:
            plain, _ = normal(self._bounded(written))
            return self.add_folder(plain) if plain else None
        home = self._homes.get(folder)
        if home is None:
            home = self._enter(folder)
        if name.startswith(_WHITEOUT):
            self._hide(home, name)
            return None
        path = self._bounded(home + name)
        self._make_folder(path)
        self._folders[path] = True
        return None

    def add_evidence(self, path: str) -> None:
        """An indexer sees the file at `path`, which stands there."""
        self._spend(path, more=_FILE)
        self.evidence.add(path)

    def has_folder(self, path: str) -> bool:
        return path in self._folders

    def where(self, written: str) -> str:
        """The path of what the layer has at `written`."""
        return place(normal(self._bounded(written))[0], self.symlinks)

    def build(self) -> LayerTree:
        return LayerTree(
            whiteouts=tuple(sorted(self._whiteouts)),
            opaque=tuple(sorted(self._opaque)),
            symlinks=dict(sorted(self.symlinks.items())),
            files=self._files.pack(),
            folders=self._folder_keys().pack(),
        )

    def _folder_keys(self) -> Keys:
        keys = Keys()
        for path, own in self._folders.items():
            keys.add(folder_digest(path, own=own))
        return keys

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
            self._make_folder(home)
            for folder in () if is_known else ancestors(home):
                self._make_folder(folder)
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

    def _too_long(self) -> BudgetExceeded:
        return self._budgets.exceeded("path_length", "characters of a path")

    def _tell(self, folder: str) -> None:
        if len(self.problems) < _TOLD:
            message = "the layer has files at a path that leaves the root; they are taken as inside"
            self.problems.append(Problem(ProblemKind.INVALID_METADATA, folder, message))

    def _make_folder(self, path: str) -> None:
        if path in self._folders:
            return
        self._spend(path)
        self._folders[path] = False
        if self._files.discard(
            digest(path)
        ):  # then an engine has removed all that was here in the layers below
            self._folders[path] = True
            self._opaque.add(path)
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


def folder_digest(path: str, *, own: bool) -> bytes:
    """A folder's digest; its last bit tells whether the folder has an entry of its own or is only implied."""
    plain = digest(path)
    return plain[:-1] + bytes([plain[-1] | 1 if own else plain[-1] & 0xFE])

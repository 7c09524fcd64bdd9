"""What one layer hides of the layers below it (OCI image-spec, layer.md#whiteouts)."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from careen.images.paths import LONGEST, ancestors, follow, join
from careen.model.layer import LayerTree
from careen.model.packed_paths import Files, Folders

_MAX_ALIASES = 64  # of one path, where links form circles


class Cover:
    """Asked about paths in the tree below."""

    def __init__(self, tree: LayerTree) -> None:
        self._tree = tree
        self._whiteouts = frozenset(tree.whiteouts)
        self._opaque = frozenset(tree.opaque)
        self._replaced: dict[str, bool] = {}
        self._emptied: dict[str, bool] = {}

    @property
    def steps(self) -> int:
        """That it took to unpack the layer's files, if anybody asked for them."""
        return self._files.steps if "_files" in vars(self) else 0

    @cached_property
    def _files(self) -> Files:
        return Files(self._tree.files)

    @cached_property
    def _folders(self) -> Folders:
        return Folders(self._tree.folders)

    def hides_file(self, path: str) -> bool:
        """Whether a regular file at `path` is gone."""
        return self._folders.implied(path) or self.hides_link(path)

    def hides_link(self, path: str) -> bool:
        """Whether a link is gone; a folder at its place that is only implied leads through it instead."""
        if path in self._files or self._folders.own(path) or self.removes(path):
            return True
        return self._is_replaced(path.rpartition("/")[0])

    def removes(self, path: str) -> bool:
        """Whether a whiteout or an opaque folder says so, before anything else is put there."""
        return path in self._whiteouts or self._is_emptied(path.rpartition("/")[0])

    def _is_replaced(self, folder: str) -> bool:
        """Whether something else stands at the folder, or at one around it. Many paths share their folder."""
        found = self._replaced.get(folder)
        return _inherited(folder, self._replaced, self._is_file) if found is None else found

    def _is_file(self, folder: str) -> bool:
        return folder in self._files

    def _is_emptied(self, folder: str) -> bool:
        found = self._emptied.get(folder)
        return _inherited(folder, self._emptied, self._is_empty) if found is None else found

    def _is_empty(self, folder: str) -> bool:
        return folder in self._opaque or (folder in self._whiteouts and folder != "")


def _inherited(folder: str, known: dict[str, bool], is_so: Callable[[str], bool]) -> bool:
    """Whether it is so of the folder or of one around it; `known` learns it. Paths may be very deep."""
    asked = [folder]
    while asked[-1] not in known:
        if is_so(asked[-1]) or not asked[-1]:
            known[asked[-1]] = is_so(asked[-1])
        else:
            asked.append(asked[-1].rpartition("/")[0])
    found = known[asked[-1]]
    known.update(dict.fromkeys(asked, found))
    return found


class Aliases:
    """The other paths of one file, through symlinks. Links beyond `most` steps are not followed any more."""

    def __init__(self, links: Mapping[str, str], most: int) -> None:
        self.steps = 0
        self._leading_to: dict[str, list[str]] = {}
        self._homes: dict[str, list[str]] = {}
        for link in links:
            target, steps = follow(link, links)
            self.steps += steps
            if self.steps > most:
                return
            if target is not None:
                self._leading_to.setdefault(target, []).append(link)

    def of(self, path: str) -> list[str]:
        """`path` first, then the others, fewest links first."""
        if not self._leading_to:
            return [path]
        folder, _, name = path.rpartition("/")
        homes = self._homes.get(folder)
        if homes is None:
            homes = self._homes[folder] = self._aliases(folder)
        return [path] if len(homes) == 1 else [join(home, name) for home in homes]

    def _aliases(self, folder: str) -> list[str]:
        """The folder first, then its other paths."""
        found = [folder]
        for known in found:
            for alias in self._one_link_away(known):
                if len(found) >= _MAX_ALIASES:
                    return found
                if len(alias) <= LONGEST and alias not in found:
                    found.append(alias)
        return found

    def _one_link_away(self, home: str) -> Iterator[str]:
        for folder in (home, *ancestors(home)) if home else ():
            for link in self._leading_to.get(folder, ()):
                yield link + home[len(folder) :]
        for link in self._leading_to.get("", ()):
            yield join(link, home) if home else link

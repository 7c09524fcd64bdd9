"""What one layer hides of the layers below it (OCI image-spec, layer.md#whiteouts)."""

from collections.abc import Callable, Iterator, Mapping

from careen.images.paths import ancestors, join, resolve, unpack
from careen.model.layer import LayerTree

_MAX_ALIASES = 64  # of one path, where links form circles
_LONGEST = 4096  # characters: Linux' PATH_MAX


class Cover:
    """Asked about paths in the tree below. `key` is paths.key, or remembers what that says."""

    def __init__(self, tree: LayerTree, key: Callable[[str], int]) -> None:
        self._key = key
        self._whiteouts = frozenset(tree.whiteouts)
        self._opaque = frozenset(tree.opaque)
        self._files = unpack(tree.files)
        self._folders = unpack(tree.folders)
        self._replaced: dict[str, bool] = {}
        self._emptied: dict[str, bool] = {}

    def hides_file(self, path: str) -> bool:
        """Whether a regular file at `path` is gone."""
        return self._key(path) & ~1 in self._folders or self.hides_link(path)

    def hides_link(self, path: str) -> bool:
        """Whether a link is gone; a folder at its place that is only implied leads through it instead."""
        own = self._key(path)
        if own in self._files or own | 1 in self._folders or self.removes(path):
            return True
        return self._is_replaced(path.rpartition("/")[0])

    def removes(self, path: str) -> bool:
        """Whether a whiteout or an opaque folder says so, before anything else is put there."""
        return path in self._whiteouts or self._is_emptied(path.rpartition("/")[0])

    def _is_replaced(self, folder: str) -> bool:
        """Whether something else stands at the folder, or at one around it. Many paths share their folder."""
        found = self._replaced.get(folder)
        if found is None:
            above = folder.rpartition("/")[0]
            found = bool(folder) and (self._key(folder) in self._files or self._is_replaced(above))
            self._replaced[folder] = found
        return found

    def _is_emptied(self, folder: str) -> bool:
        found = self._emptied.get(folder)
        if found is None:
            found = folder in self._opaque or (folder in self._whiteouts and folder != "")
            found = found or (folder != "" and self._is_emptied(folder.rpartition("/")[0]))
            self._emptied[folder] = found
        return found


class Aliases:
    """The other paths of one file, through symlinks."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._leading_to: dict[str, list[str]] = {}
        for link in links:
            target = resolve(link, links)
            if target is not None:
                self._leading_to.setdefault(target, []).append(link)
        self._homes: dict[str, list[str]] = {}

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
                if len(alias) <= _LONGEST and alias not in found:
                    found.append(alias)
        return found

    def _one_link_away(self, home: str) -> Iterator[str]:
        for folder in (home, *ancestors(home)) if home else ():
            for link in self._leading_to.get(folder, ()):
                yield link + home[len(folder) :]
        for link in self._leading_to.get("", ()):
            yield join(link, home) if home else link

"""What one layer hides of the layers below it (OCI image-spec, layer.md#whiteouts)."""

from collections.abc import Callable, Iterator, Mapping

from careen.images.paths import ancestors, resolve, unpack
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

    def hides_file(self, path: str) -> bool:
        """Whether a regular file at `path` is gone."""
        return self._key(path) & ~1 in self._folders or self.hides_link(path)

    def hides_link(self, path: str) -> bool:
        """Whether a link is gone; a folder at its place that is only implied leads through it instead."""
        own = self._key(path)
        if own in self._files or own | 1 in self._folders or self.removes(path):
            return True
        return any(self._key(folder) in self._files for folder in ancestors(path))

    def removes(self, path: str) -> bool:
        """Whether a whiteout or an opaque folder says so, before anything else is put there."""
        if path in self._whiteouts or "" in self._opaque:
            return True
        return any(folder in self._whiteouts or folder in self._opaque for folder in ancestors(path))


class Aliases:
    """The other paths of one file, through symlinks."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._leading_to: dict[str, list[str]] = {}
        for link in links:
            target = resolve(link, links)
            if target is not None:
                self._leading_to.setdefault(target, []).append(link)

    def of(self, path: str) -> list[str]:
        """`path` first, then the others, fewest links first."""
        found = [path]
        if not self._leading_to:
            return found
        for known in found:
            for alias in self._one_link_away(known):
                if len(found) >= _MAX_ALIASES:
                    return found
                if len(alias) <= _LONGEST and alias not in found:
                    found.append(alias)
        return found

    def _one_link_away(self, path: str) -> Iterator[str]:
        for folder in ancestors(path):
            for link in self._leading_to.get(folder, ()):
                yield link + path[len(folder) :]
        for link in self._leading_to.get("", ()):
            yield f"{link}/{path}"

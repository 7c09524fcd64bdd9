"""What one layer hides of the layers below it (OCI image-spec, layer.md#whiteouts)."""

from collections.abc import Callable, Iterator, Mapping

from careen.images.paths import ancestors, place, resolve, unpack
from careen.model.layer import LayerTree

_MAX_ALIASES = 64  # of one path, where links form circles
_LONGEST = 4096  # characters: Linux' PATH_MAX


class Cover:
    """Asked about paths in the tree below. `key` is paths.key, or remembers what that says."""

    def __init__(self, tree: LayerTree, key: Callable[[str], int]) -> None:
        self._key = key
        self._whiteouts = set(tree.whiteouts)
        self._opaque = set(tree.opaque)
        self._files = unpack(tree.files)
        self._folders = unpack(tree.folders)

    def follow(self, links: Mapping[str, str]) -> None:
        """Know also where whiteouts and opaque folders stand in a tree with these links."""
        self._whiteouts |= {place(path, links) for path in self._whiteouts}
        homes = {resolve(path, links) for path in self._opaque}
        self._opaque |= {home for home in homes if home is not None}

    def hides_file(self, path: str) -> bool:
        """Whether a regular file at `path` is gone."""
        return self._key(path) & ~1 in self._folders or self.hides_link(path)

    def hides_link(self, path: str) -> bool:
        """Whether a link is gone; a folder at its place that is only implied leads through it instead."""
        own = self._key(path)
        if path in self._whiteouts or own in self._files or own | 1 in self._folders:
            return True
        return "" in self._opaque or any(map(self._hides_folder, ancestors(path)))

    def _hides_folder(self, path: str) -> bool:
        return path in self._whiteouts or path in self._opaque or self._key(path) in self._files


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
        for folder in (path, *ancestors(path)):
            for link in self._leading_to.get(folder, ()):
                yield link + path[len(folder) :]
        for link in self._leading_to.get("", ()):
            yield f"{link}/{path}"

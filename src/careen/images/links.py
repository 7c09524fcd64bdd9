"""Which symlinks of an image can matter to the files that do: most lead from library to library."""

from collections.abc import Iterable, Mapping, Sequence

_TURNS = frozenset(("", ".", ".."))  # a target that ends so may lead to any folder


def relevant(links: Sequence[Mapping[str, str]], paths: Iterable[str]) -> list[dict[str, str]]:
    """Of each layer's links those that one of `paths` may be reached through, or may lead through.

    Such a link, or the last part of its target, has a name that stands in one of the paths or in another such
    link. Names are compared, wherever they stand, so that a few too many are kept and never one too few.
    """
    names = _TURNS.union(*(path.split("/") for path in paths))
    waiting = [(path, target) for layer in links for path, target in layer.items()]
    kept: set[tuple[str, str]] = set()
    while True:
        rest = []
        for path, target in waiting:
            if _last(path) in names or _last(target) in names:
                kept.add((path, target))
            else:
                rest.append((path, target))
        if len(rest) == len(waiting):
            return [dict(link for link in layer.items() if link in kept) for layer in links]
        found = {*waiting} - {*rest}
        names = names.union(*(part.split("/") for link in found for part in link))
        waiting = rest


def _last(path: str) -> str:
    return path.rpartition("/")[2]

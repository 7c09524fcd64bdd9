"""Which symlinks of an image can matter to the files that do: most lead from library to library."""

from collections.abc import Iterable, Mapping, Sequence

_TURNS = frozenset(("", ".", ".."))  # a target that ends so may lead to any folder


def relevant(links: Sequence[Mapping[str, str]], paths: Iterable[str]) -> list[dict[str, str]]:
    """Of each layer's links those that one of `paths` may be reached through, or may lead through.

    Such a link, or the last part of its target, has a name that stands in one of the paths or in another such
    link. Names are compared, wherever they stand, so that a few too many are kept and never one too few.
    """
    waiting = list(_TURNS.union(*(path.split("/") for path in paths)))
    named: dict[str, list[tuple[str, str]]] = {}
    for link in (link for layer in links for link in layer.items()):
        for name in {_last(part) for part in link}:
            named.setdefault(name, []).append(link)
    kept: set[tuple[str, str]] = set()
    while waiting:
        for link in named.pop(waiting.pop(), ()):
            if link not in kept:
                kept.add(link)
                waiting += {*link[0].split("/"), *link[1].split("/")}
    return [dict(link for link in layer.items() if link in kept) for layer in links]


def _last(path: str) -> str:
    return path.rpartition("/")[2]

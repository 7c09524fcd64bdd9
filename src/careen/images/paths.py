"""Paths inside an image: normal form, symbolic links, and the short keys that stand for them.

A path in normal form has no "/" at its ends, no empty, "." or ".." parts; "" is the root.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Final

MAX_HOPS: Final = 40  # as Linux: path_resolution(7)
LONGEST: Final = 4096  # characters: Linux' PATH_MAX
_EMPTY: Final = blake2b(digest_size=8)


def normal(path: str) -> tuple[str, bool]:
    """The normal form, and whether the path tried to leave the root (".." stays there, as in "/..")."""
    path = path.removeprefix("./")
    if not (path.startswith((".", "/")) or path.endswith("/") or "//" in path or "/." in path):
        return path, False
    parts: list[str] = []
    escapes = False
    for part in path.split("/"):
        if part == "..":
            escapes = escapes or not parts
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts), escapes


def resolve(path: str, links: Mapping[str, str]) -> str | None:
    """Where `path` leads when every link on its way is followed, its last part too.

    None: round in circles, or to a path that is too long. `links` are targets as written, by path in normal
    form; an absolute target begins at the image's root.
    """
    return follow(path, links)[0]


def follow(path: str, links: Mapping[str, str]) -> tuple[str | None, int]:
    """As `resolve`, and how many names were looked at on the way."""
    todo, way, hops, steps = path.split("/")[::-1], [""], 0, 0
    while todo:
        part = todo.pop()
        steps += 1
        if part == "..":
            del way[max(1, len(way) - 1) :]
            continue
        if part in ("", "."):
            continue
        here = f"{way[-1]}/{part}" if way[-1] else part
        target = links.get(here)
        if target is None:
            way.append(here)
            if len(here) > LONGEST:
                return None, steps
            continue
        hops += 1
        if hops > MAX_HOPS:
            return None, steps
        if target.startswith("/"):
            del way[1:]
        todo.extend(target.split("/")[::-1])
    return way[-1], steps


def place(path: str, links: Mapping[str, str]) -> str:
    """Where something at `path` really stands: links among its folders are followed, itself is not."""
    folder, _, name = path.rpartition("/")
    home = resolve(folder, links) if folder and links else folder
    return path if home is None else join(home, name)


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def ancestors(path: str) -> Iterator[str]:
    """The folders on the way to `path`, nearest first, without the root."""
    while path := path.rpartition("/")[0]:
        yield path


def digest(path: str) -> bytes:
    """8 bytes that stand for the path: package databases name many, and few are ever asked for."""
    made = _EMPTY.copy()  # faster than a new one
    made.update(path.encode())
    return made.digest()


def key(path: str) -> int:
    """The digest as a number."""
    return int.from_bytes(digest(path), "big")

"""Squashing against a file system of dicts: random layers as real archives, judged both ways."""

import io
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from careen.images.budgets import Budgets
from careen.images.squash import squash
from careen.jobs.child import LayerSource, index
from careen.model import digest
from careen.model.layer import LayerIndex

HOPS = 40
NAMES = ("a", "b", "x.egg-info")
NO_VERSION = "none"  # of a file that names no package


@dataclass(frozen=True)
class Entry:
    """`kind` is one of file, folder, link, gone (a whiteout of the path) and opaque."""

    kind: str
    path: str
    text: str = ""  # a file's version, a link's target


@dataclass
class Files:
    """A tree as an engine sees it: kind and text by path; a folder's text is "own" or "implied"."""

    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)  # folders that took the place of something else

    def remove(self, path: str) -> None:
        self.empty(path)
        self.nodes.pop(path, None)

    def empty(self, path: str) -> None:
        for other in [other for other in self.nodes if not path or other.startswith(path + "/")]:
            del self.nodes[other]

    def resolve(self, path: str) -> str | None:
        """Follow all links."""
        done, todo, hops = "", path.split("/"), 0
        while todo:
            part, *todo = todo
            if part in ("", "."):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            step = f"{done}/{part}" if done else part
            kind, target = self.nodes.get(step, ("", ""))
            if kind != "link":
                done = step
                continue
            hops += 1
            if hops > HOPS:
                return None
            done = "" if target.startswith("/") else done
            todo = target.split("/") + todo
        return done

    def place(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        home = self.resolve(folder)
        if home is None:
            return path
        return f"{home}/{name}" if home else name

    def make(self, path: str, kind: str, text: str) -> None:
        """Put something there, with folders around it where there are none."""
        above = path.rpartition("/")[0]
        while above:
            self.imply(above)
            above = above.rpartition("/")[0]
        if kind != "folder":
            self.remove(path)
        elif self.nodes.get(path, ("folder", ""))[0] != "folder":
            self.emptied.add(path)
        elif self.nodes.get(path) == ("folder", "own"):
            return
        self.nodes[path] = (kind, text)

    def leads_through_a_file(self, path: str) -> bool:
        while path := path.rpartition("/")[0]:
            if self.nodes.get(path, ("", ""))[0] == "file":
                return True
        return False

    def imply(self, path: str) -> None:
        kind = self.nodes.get(path, ("", ""))[0]
        if kind != "folder":
            self.nodes[path] = ("folder", "own" if kind else "implied")
            self.emptied |= {path} if kind else set()


@dataclass
class Layer:
    """One layer unpacked on its own."""

    files: Files = field(default_factory=Files)
    gone: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)


def unpack(entries: Sequence[Entry]) -> Layer:
    layer = Layer()
    for entry in entries:
        if entry.kind == "opaque":
            home = layer.files.resolve(entry.path)
            layer.opaque.append(entry.path if home is None else home)
            if layer.opaque[-1]:
                layer.files.make(layer.opaque[-1] + "/.", "file", "")
                layer.files.remove(layer.opaque[-1] + "/.")
            continue
        path = layer.files.place(entry.path)
        if entry.kind == "gone":
            layer.gone.append(path)
            layer.files.make(path + ".", "file", "")
            layer.files.remove(path + ".")
        else:
            layer.files.make(path, entry.kind, entry.text or "own")
    layer.opaque += layer.files.emptied
    return layer


def apply(below: Files, layer: Layer) -> Files:
    """The layer on top of the tree below it; what it merely implies goes through the links that are left."""
    tree = Files(dict(below.nodes))
    for path, (kind, _) in below.nodes.items():
        if kind == "link" and stands_in_the_way(layer, path):
            tree.nodes.pop(path)
    gone = [tree.place(path) for path in layer.gone] + layer.gone
    opaque = [tree.resolve(path) for path in layer.opaque] + layer.opaque
    for path in gone:
        tree.remove(path)
    for folder in opaque:
        if folder is not None:
            tree.empty(folder)
    put(tree, layer, Files(dict(tree.nodes)))
    return tree


def put(tree: Files, layer: Layer, left: Files) -> None:
    placed: dict[str, str] = {}
    for path in sorted(layer.files.nodes):
        kind, text = layer.files.nodes[path]
        implied = (kind, text) == ("folder", "implied")
        if left.resolve(path.rpartition("/")[0]) is None or (implied and left.resolve(path) is None):
            raise Contradiction
        stands = (left.resolve(path) if implied else left.place(path)) or path
        if stands != path and left.leads_through_a_file(stands):
            raise Contradiction
        for other, otherwise in placed.items():
            nested = stands.startswith(other + "/") and otherwise != "folder"
            around = other.startswith(stands + "/") and kind != "folder"
            if nested or around or (other == stands and {kind, otherwise} != {"folder"}):
                raise Contradiction
        placed[stands] = kind
        if not implied or tree.nodes.get(stands, ("", ""))[0] != "folder":
            tree.make(stands, kind, text)


class Contradiction(Exception):
    """No engine can unpack it: links go in circles or through files, or make two entries meet."""


def stands_in_the_way(layer: Layer, path: str) -> bool:
    own = layer.files.nodes.get(path)
    if path in layer.gone or "" in layer.opaque or (own is not None and own != ("folder", "implied")):
        return True
    above = path.rpartition("/")[0]
    while above:
        kind = layer.files.nodes.get(above, ("folder", ""))[0]
        if above in layer.gone or above in layer.opaque or kind != "folder":
            return True
        above = above.rpartition("/")[0]
    return False


def archive(entries: Sequence[Entry]) -> bytes:
    out = io.BytesIO()
    kinds = {"folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
    with tarfile.open(fileobj=out, mode="w") as tar:
        for entry in entries:
            info = tarfile.TarInfo(written(entry))
            info.type = kinds.get(entry.kind, tarfile.REGTYPE)
            info.linkname = entry.text if entry.kind == "link" else ""
            content = f"Name: p\nVersion: {entry.text}\n".encode() if entry.text in ("1", "2") else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def written(entry: Entry) -> str:
    folder, _, name = entry.path.rpartition("/")
    if entry.kind == "gone":
        return f"{folder}/.wh.{name}" if folder else f".wh.{name}"
    return f"{entry.path}/.wh..wh..opq" if entry.kind == "opaque" else entry.path


def indexed(entries: Sequence[Entry]) -> LayerIndex:
    data = archive(entries)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return index(LayerSource(Path(file.name), 0, len(data), digest.of(data)), budgets=Budgets())


PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
TARGETS = st.one_of(PATHS, PATHS.map("/{}".format), PATHS.map("../{}".format))
ENTRIES = st.one_of(
    st.builds(Entry, st.just("file"), PATHS, st.sampled_from(["1", "2", NO_VERSION])),
    st.builds(Entry, st.sampled_from(["folder", "gone", "opaque"]), PATHS),
    st.builds(Entry, st.just("link"), PATHS, TARGETS),
)
LAYERS = st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=4)


@settings(max_examples=400, deadline=None)
@given(LAYERS)
def test_squashing_shows_what_the_final_tree_holds(layers: list[list[Entry]]) -> None:
    inventory = squash([indexed(entries) for entries in layers])
    tree = Files()
    try:
        for entries in layers:
            tree = apply(tree, unpack(entries))
    except Contradiction:
        reject()
    shown = {(package.path, package.version) for package in inventory.packages}
    assert shown == {
        (path, text)
        for path, (kind, text) in tree.nodes.items()
        if kind == "file" and path.endswith(".egg-info") and text != NO_VERSION
    }

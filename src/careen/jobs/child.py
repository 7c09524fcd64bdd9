"""The child process that reads a layer: under limits of its own, since layers are written by strangers.

`python -m careen.jobs.child` takes on its standard input a job as a line of JSON, then word of how much of
the blob there is (`growing`). For each word but the last it writes an empty line when it has read so far,
and at the end one JSON document.
"""

import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from careen.errors import Error, Unavailable
from careen.images.budgets import BudgetExceeded, Budgets
from careen.images.inflate import inflate
from careen.images.runs import Marks
from careen.images.walk import Walk
from careen.indexing import candidates, sift
from careen.jobs.confinement import collect_seldom, die_with, keep_memory, limit, outlast_signals
from careen.jobs.found import Found
from careen.jobs.growing import Growing, pieces, word
from careen.jobs.ownable import Ownable
from careen.model import content, layer_json
from careen.model.digest import Digest, algorithm
from careen.model.distro import Distro
from careen.model.file import File
from careen.model.layer import Claims, LayerIndex, Repositories
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

_PROGRAM = b"\x7fELF"  # the first bytes of one
_TOLD = 2000  # characters of an error


class Blob(Protocol):
    """A layer's bytes, read by iterating, more than once if need be."""

    def __iter__(self) -> Iterator[bytes]: ...

    @property
    def digest(self) -> Digest:
        """That of the bytes; it may not be known before they have been read."""

    @property
    def algorithm(self) -> str:
        """What the digest is probably made with."""


@dataclass(frozen=True, slots=True)
class LayerSource:
    """A layer's blob as a range of bytes in a local file."""

    path: Path
    offset: int
    size: int
    digest: Digest

    @property
    def algorithm(self) -> str:
        return algorithm(self.digest)

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset)
            yield from pieces(file, 0, self.size)


_MARKS = Marks(*marks) if (marks := candidates.marks()) else None


def index(blob: Blob, *, budgets: Budgets) -> LayerIndex:
    """What the layer holds and does to the layers below it, in one pass over its blob.

    A second pass is made only for hard links to files that nobody wanted under their own name, or not all who
    want the link: of the others it is known already what they say. And for large files of which a package
    database tells a digest, while their time does not.
    Raises CorruptLayer, BudgetExceeded and OSError.
    """
    found = Found(budgets)
    walk = Walk(
        _archive(blob, budgets),
        wants=found.wants,
        budgets=budgets,
        sift=sift,
        may_want=candidates,
        marks=_MARKS,
    )
    ownable = Ownable(budgets.held, walk.tree.has_folder)
    walk.run(lambda file: ownable.see(file, found.read(file)))
    problems = walk.tree.problems + _follow(blob, walk.missing, found, budgets)
    items = [item for path in sorted(walk.tree.evidence) for item in found.items.get(path, ())]
    claims = _only(Claims, items)
    contents = ownable.contents | _read_again(blob, ownable.settle(claims), budgets)
    return LayerIndex(
        blob.digest,
        packages=_only(Package, items),
        distros=_only(Distro, items),
        problems=(*_only(Problem, items), *problems),
        tree=walk.tree.build(),
        claims=claims,
        contents={path: said for path, said in contents.items() if path in walk.tree.evidence},
        repositories=_only(Repositories, items),
    )


_ItemT = TypeVar("_ItemT")


def _only(kind: type[_ItemT], items: Iterable[object]) -> tuple[_ItemT, ...]:
    return tuple(item for item in items if isinstance(item, kind))


def _read_again(blob: Blob, asked: Mapping[str, Collection[str]], budgets: Budgets) -> dict[str, str]:
    """What is known of the content of these files, with digests by the algorithms named."""
    known: dict[str, str] = {}

    def see(file: File) -> None:
        known[file.path] = content.of(file, asked[file.path])

    if asked:
        Walk(_archive(blob, budgets), wants=lambda file: file.path in asked, budgets=budgets).run(see)
    return known


def _archive(blob: Blob, budgets: Budgets) -> Iterator[bytes]:
    return inflate(blob, budgets=budgets, expected=lambda: blob.digest, algorithm=blob.algorithm)


def _follow(blob: Blob, links: dict[str, str], found: Found, budgets: Budgets) -> list[Problem]:
    """Read the targets of these hard links; returns a Problem for each that leads out of the layer."""
    read = {
        link: found.items[target]
        for link, target in links.items()
        if target in found.items and _asked(link) <= _asked(target)
    }
    for link, items in read.items():
        found.put(link, (replace(item, path=link) for item in items))
    links = {link: target for link, target in links.items() if link not in read}
    if not links:
        return []
    leading: dict[str, list[str]] = {}
    for link, target in links.items():
        leading.setdefault(target, []).append(link)

    def see(file: File) -> None:
        for link in leading[file.path]:
            found.read(file.linked(link))

    again = Walk(_archive(blob, budgets), wants=lambda file: file.path in leading, budgets=budgets, sift=sift)
    again.run(see)
    message = "a hard link to a file that is not in its layer"
    strays = [link for link in links if link not in found.items]
    return [Problem(ProblemKind.INVALID_METADATA, link, message) for link in strays]


def _asked(path: str) -> frozenset[str]:
    """The indexers that want a program of this name: some know programs by their names only."""
    program = File(path, 0o755, head=_PROGRAM)
    return frozenset(each.NAME for each in candidates(path, _PROGRAM) if each.wants(program))


def main() -> None:
    job = json.loads(sys.stdin.buffer.readline())
    budgets = Budgets(**job["budgets"])
    die_with(job["parent"])
    outlast_signals()
    limit(budgets)
    collect_seldom()
    keep_memory()
    sys.stdout.write(_answer(job, sys.stdin.buffer, budgets))
    sys.stdout.flush()
    os._exit(0)  # the kernel frees memory faster than the interpreter


def describe(source: LayerSource, budgets: Budgets) -> bytes:
    """All that a child of this process is told of a blob that is there as a whole."""
    return describe_growing(source.path, source.offset, budgets) + word(source.size, source.digest)


def describe_growing(path: Path, offset: int, budgets: Budgets) -> bytes:
    """The job to read the blob that begins there; `word`s must follow."""
    job = {"path": os.fspath(path), "offset": offset, "budgets": asdict(budgets), "parent": os.getpid()}
    return json.dumps(job).encode() + b"\n"


def _caught_up() -> None:
    sys.stdout.write("\n")
    sys.stdout.flush()


def _answer(job: dict[str, Any], words: BinaryIO, budgets: Budgets) -> str:
    try:
        blob = Growing(Path(job["path"]), job["offset"], words, _caught_up)
        return json.dumps({"index": layer_json.dump(index(blob, budgets=budgets))}, default=layer_json.record)
    except BudgetExceeded as error:
        kind, message = "budget", error.message
    except MemoryError:
        kind, message = "budget", budgets.exceeded("memory", "memory to read the layer").message
    except Unavailable as error:
        kind, message = "unavailable", error.message
    except Error as error:
        kind, message = "corrupt", error.message
    except OSError as error:
        kind, message = "unavailable", f"the layer's blob cannot be read: {error}"
    except Exception as error:  # noqa: BLE001 - the edge of a worker; its parent tells whoever waits
        kind, message = "corrupt", f"the indexer failed on this layer: {error!r}"
    return json.dumps({kind: message[:_TOLD]})


if __name__ == "__main__":
    main()

"""What indexing costs beyond reading, hashing and inflating: in CPU seconds, as ratios of one run.

    python -m bench.indexing BLOB ...

Blobs are files named by their sha256, as in the `blobs/sha256` folder of an OCI layout.
"""

import gzip
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.image import say
from bench.peers import Cost, cost

from careen.images import runs
from careen.images.budgets import Budgets
from careen.jobs.child import LayerSource, describe
from careen.jobs.index_layer import index_layer
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.model.digest import from_hex
from careen.model.packed_paths import by_folder
from careen.store.database import Database

ENOUGH = 40.0  # seconds of CPU for the rounds of one layer
MOST_ROUNDS = 9
FLOOR = Path(__file__).with_name("floor.py")
BUDGETS = Budgets()
EMPTY = gzip.compress(bytes(1024))  # a tar archive without members


class Measured(NamedTuple):
    """Seconds of CPU, each of a process of its own."""

    floor: float  # to read, hash and inflate
    whole: float  # to index


def layer(path: Path) -> LayerSource:
    return LayerSource(path, 0, path.stat().st_size, from_hex(path.name))


def rounds(path: Path) -> Iterator[tuple[Measured, Measured]]:
    """Start-up and all, and for a layer with nothing in it: what start-up needs.

    Turn by turn, so that a noisy neighbour slows down all of them.
    """
    spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, hashlib.sha256(EMPTY).hexdigest())
        empty.write_bytes(EMPTY)
        for _ in range(MOST_ROUNDS):
            needed = both(path)
            yield needed, both(empty)
            spent += sum(needed)
            if spent > ENOUGH:
                return


def both(path: Path) -> Measured:
    return Measured(cost([sys.executable, str(FLOOR), str(path)]).cpu, child(path).cpu)


def measure(name: str, path: Path) -> tuple[Measured, Measured]:
    """The least of all rounds, for what else runs only adds, and the medians; start-up aside."""
    source = layer(path)
    found = index_layer(source, budgets=BUDGETS)
    measured = list(rounds(path))
    least, usual = (summed_up(measured, choose) for choose in (min, statistics.median))
    files = sum(1 + names.count(b"\0") for _, names in by_folder(found.tree.files))
    what = f"{name:14} {source.size / 1e6:7.1f} MB {files:7} files {len(found.packages):5} packages"
    figures = f"floor {least.floor:6.2f} s, index {least.whole:6.2f} s, ratio {ratio(least):.2f}"
    say(f"  {what}: {figures}; of medians {ratio(usual):.2f}")
    return least, usual


def summed_up(
    measured: Iterable[tuple[Measured, Measured]], choose: Callable[[Iterable[float]], float]
) -> Measured:
    layers, starts = zip(*measured, strict=True)
    whole, start = (Measured(*map(choose, zip(*each, strict=True))) for each in (layers, starts))
    return Measured(whole.floor - start.floor, whole.whole - start.whole)


def ratio(measured: Measured) -> float:
    return measured.whole / measured.floor


def together(layers: Iterable[Measured]) -> float:
    """The ratio of all layers."""
    return ratio(Measured(*map(sum, zip(*layers, strict=True))))


def is_compiled() -> bool:
    return not runs.__file__.endswith(".py")


def child(path: Path) -> Cost:
    """What the process needs that indexes the layer, start-up and all."""
    return cost([sys.executable, "-P", "-m", "careen.jobs.child"], given=describe(layer(path), BUDGETS))


def through_the_store(paths: Sequence[Path], *, workers: int) -> tuple[float, float]:
    """Seconds until the layers are indexed as the server does it, and seconds that a second scan waits."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/careen.db")
        database.upgrade()
        indexing = Indexing(database, partial(Reading, budgets=BUDGETS), workers=workers)
        sources = [layer(path) for path in paths]
        begun = time.perf_counter()
        indexing.ensure(sources)
        first = time.perf_counter()
        indexing.ensure(sources)
        again = time.perf_counter()
        indexing.close()
        database.close()
    return first - begun, again - first


def main(arguments: list[str]) -> None:
    for argument in arguments:
        measure(Path(argument).name[:12], Path(argument))


if __name__ == "__main__":
    main(sys.argv[1:])

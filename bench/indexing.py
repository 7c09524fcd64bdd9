"""What indexing costs beyond reading, hashing and inflating: in CPU seconds, as ratios of one run.

    python -m bench.indexing BLOB ...

Blobs are files named by their sha256, as in the `blobs/sha256` folder of an OCI layout.
"""

import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.image import say
from bench.peers import Cost, cost
from isal import igzip_lib

from careen.images import runs
from careen.images.budgets import Budgets
from careen.images.inflate import PIECE
from careen.jobs.child import LayerSource, describe
from careen.jobs.index_layer import index_layer
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.model.digest import from_hex
from careen.model.packed_paths import by_folder
from careen.store.database import Database
from careen.zstd import ZstdDecompressor

ENOUGH = 3.0  # seconds of CPU for the rounds of one layer
MOST_ROUNDS = 7
READ = PIECE
BUDGETS = Budgets()
EMPTY = bytes(1024)  # a tar archive without members


class Measured(NamedTuple):
    floor: float  # seconds of CPU to read, hash and inflate
    whole: float  # seconds of CPU of the process that indexes, its start-up aside


def layer(path: Path) -> LayerSource:
    return LayerSource(path, 0, path.stat().st_size, from_hex(path.name))


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def floor(source: LayerSource) -> None:
    """Reads, hashes and inflates, by the libraries alone and with nothing else to do."""
    digest = hashlib.sha256()
    with source.path.open("rb", buffering=0) as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP) if is_gzip else ZstdDecompressor()
        while piece := file.read(READ):
            digest.update(piece)
            while stream.decompress(piece, READ) and not stream.eof and not stream.needs_input:
                piece = b""


def rounds(source: LayerSource, start_up: float) -> Iterator[Measured]:
    # Turn by turn, so that a noisy neighbour slows down both.
    spent = 0.0
    for _ in range(MOST_ROUNDS):
        measured = Measured(seconds(lambda: floor(source)), child(source.path).cpu - start_up)
        yield measured
        spent += sum(measured)
        if spent > ENOUGH:
            return


def measure(name: str, path: Path) -> Measured:
    source = layer(path)
    pairs = list(rounds(source, start_up()))
    least, whole = (statistics.median(column) for column in zip(*pairs, strict=True))
    found = index_layer(source, budgets=BUDGETS)
    files = sum(1 + names.count(b"\0") for _, names in by_folder(found.tree.files))
    what = f"{name:14} {source.size / 1e6:7.1f} MB {files:7} files {len(found.packages):5} packages"
    say(f"  {what}: floor {least:6.2f} s, index {whole:6.2f} s, ratio {whole / least:.2f}")
    return Measured(least, whole)


def is_compiled() -> bool:
    return not runs.__file__.endswith(".py")


def start_up() -> float:
    """Seconds of CPU that the process needs for a layer with nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, hashlib.sha256(EMPTY).hexdigest())
        path.write_bytes(EMPTY)
        return statistics.median(child(path).cpu for _ in range(MOST_ROUNDS))


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

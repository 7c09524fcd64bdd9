"""What indexing a layer costs beyond reading, hashing and inflating it: `python bench/indexing.py BLOB ...`.

CPU seconds of this process, the median of several rounds; blobs are files named by their sha256, as in the
`blobs/sha256` folder of an OCI layout. The child's peak memory is measured apart.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from careen.images.budgets import Budgets
from careen.images.inflate import inflate
from careen.jobs.child import LayerSource, index
from careen.jobs.index_layer import index_layer
from careen.model.digest import from_hex

ROUNDS = 7
READ = 256 << 10  # bytes


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def pieces(path: Path) -> Iterable[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(READ):
            yield piece


def measure(path: Path) -> str:
    source = LayerSource(path, 0, path.stat().st_size, from_hex(path.name))
    budgets = Budgets()

    def floor() -> None:
        for _ in inflate(pieces(path), budgets=budgets, expected=source.digest):
            pass

    # Turn by turn, so that a noisy neighbour slows down both.
    rounds = [(seconds(floor), seconds(lambda: index(source, budgets=budgets))) for _ in range(ROUNDS)]
    least, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    found = index_layer(source, budgets=budgets)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    entries = (len(found.tree.files) + len(found.tree.folders)) // 8
    layer = (
        f"{path.name[:12]} {source.size / 1e6:7.1f} MB {entries:7} entries {len(found.packages):5} packages"
    )
    times = f"inflate+sha256 {least:.3f} s, index {whole:.3f} s, ratio {whole / least:.2f}"
    return f"{layer}: {times}, child <= {peak:.0f} MB"


def main(arguments: list[str]) -> None:
    for argument in arguments:
        sys.stdout.write(measure(Path(argument)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

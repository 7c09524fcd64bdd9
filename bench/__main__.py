"""Every benchmark in one run, as ratios: `make bench`, or `python -m bench PART ...` for some (PARTS).

BENCH_DATA (build/bench) keeps what was fetched and built; BENCH_SIZE=small leaves out the largest layer.
The first run fetches some gigabytes and takes some ten minutes, later ones take a few.
"""

import logging
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from bench import api, image, indexing, lists, matching, peers, registry, scan_after_push, version_order
from bench.image import say
from bench.peers import Cost

from careen import example

SHARED = Path(__file__).parents[2] / "shared"
DATA = Path(os.environ.get("BENCH_DATA", "build/bench")).absolute()
IS_SMALL = os.environ.get("BENCH_SIZE") == "small"
PAIRS = 20_000


def versions() -> None:
    folder = SHARED / "truth" / "versions"
    if folder.is_dir():
        version_order.compare(folder, PAIRS)
    else:
        say(f"SKIPPED: version keys: there is no {folder}")


def snapshot() -> None:
    mirror = SHARED / "feeds"
    if not mirror.is_dir():
        say(f"there is no {mirror}: the example's few advisories have to do")
        mirror = example.MIRROR
    matching.compare(mirror)


def layers() -> None:
    layout = image.build(DATA, is_small=IS_SMALL)
    found = list(image.layers(layout))
    say(f"{len(found)} layers, {sum(size for _, _, size in found) / 1e9:.2f} GB unpacked; CPU seconds")
    say(f"careen is {'' if indexing.is_compiled() else 'not '}compiled")
    measured = [indexing.measure(name, path) for name, path, _ in found]
    least, usual = (indexing.together(column) for column in zip(*measured, strict=True))
    say(f"  all layers: index / (inflate + sha256 of the blob) = {least:.2f}; of medians {usual:.2f}")
    paths = [path for _, path, _ in found]
    alone, again = indexing.through_the_store(paths, workers=1)
    together, _ = indexing.through_the_store(paths, workers=2)
    say(f"  1 worker {alone:.1f} s, 2 workers {together:.1f} s: {alone / together:.2f} x faster")
    say(f"  a second scan of the same layers waits {again * 1000:.0f} ms for them: 1 / {alone / again:.0f}")
    say("side by side, the image as a whole; careen's processes one after the other, memory of the largest")
    peers.compare(DATA / "tools", layout, in_turn(paths))


def all_by_zstd() -> None:
    """Beside trivy: syft needs the most of its time for other things than to unpack."""
    layout = image.as_zstd(image.build(DATA, is_small=IS_SMALL))
    say("side by side, the same image with all layers packed by zstd")
    peers.compare(DATA / "tools", layout, in_turn([path for _, path, _ in image.layers(layout)]), ["trivy"])


def in_turn(paths: list[Path]) -> Cost:
    children = [indexing.child(path) for path in paths]
    walls, cpus, memories = zip(*children, strict=True)
    return Cost(sum(walls), sum(cpus), max(memories))


def pushes() -> None:
    registry.compare(DATA / "registry", size=(64 << 20) if IS_SMALL else 1 << 30)


def scans() -> None:
    layout = image.build(DATA, is_small=IS_SMALL)
    mirror = SHARED / "feeds"
    scan_after_push.compare(DATA / "scans", layout, mirror if mirror.is_dir() else example.MIRROR)


def long_lists() -> None:
    """On SQLite, and on the empty database of BENCH_DATABASE_URL."""
    for url in ("", os.environ.get("BENCH_DATABASE_URL")):
        if url is not None:
            say(f"on {url.partition(':')[0] or 'sqlite'}")
            lists.compare(url)


PARTS: dict[str, Callable[[], None]] = {
    "versions": versions,
    "matching": snapshot,
    "indexing": layers,
    "zstd": all_by_zstd,
    "registry": pushes,
    "scans": scans,
    "api": api.compare,
    "lists": long_lists,
}


def main(chosen: list[str]) -> None:
    if len(chosen) != 1:
        each_by_itself(chosen or list(PARTS))
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    say(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, load {os.getloadavg()[0]:.1f}")
    (name,) = chosen
    say(f"== {name}")
    PARTS[name]()


def each_by_itself(names: list[str]) -> None:
    """The kernel charges a child with the memory that its parent had: what one part leaves must not count."""
    for name in names:
        subprocess.run([sys.executable, "-m", "bench", name], check=True)
        say("")


if __name__ == "__main__":
    main(sys.argv[1:])

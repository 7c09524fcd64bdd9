"""Builds a snapshot from mirrored feeds and matches an image of 400 packages against it.

    python bench/matching.py --mirror FOLDER [--packages 400]

FOLDER maps upstreams as HOST/PATH. Times of matching are the CPU's: it waits for nothing. The packages
are drawn from the advisories' own, at versions below a fix.
"""

import argparse
import pickle
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from careen.feeds import alpine, debian, nvd, osv
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.matching.staging import Record
from careen.model.distro import Distro
from careen.model.inventory import Inventory
from careen.model.package import Package

FEEDS = (
    (debian, "security-tracker.debian.org/tracker/data/json"),
    (alpine, "secdb.alpinelinux.org/*/*.json"),
    (osv.Feed("PyPI"), "osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"),
    (nvd, "nvd.nist.gov/feeds/json/cve/2.0/*.json.gz"),
)
COLD = """
import sys, time
start = time.process_time()
from pathlib import Path
from careen.matching.snapshot import Snapshot
from careen.matching.matcher import match
imported = time.process_time()
import pickle
installed = pickle.loads(Path(sys.argv[2]).read_bytes())
read = time.process_time()
match(installed, Snapshot.open(Path(sys.argv[1])))
done = time.process_time()
times = ((imported - start) * 1000, (done - read) * 1000, (imported - start + done - read) * 1000)
print("  cold process: %.0f ms for the imports, %.0f ms to open and match, %.0f ms together" % times)
"""


def records(mirror: Path) -> Iterator[tuple[str, Record]]:
    for feed, pattern in FEEDS:
        for path in sorted(mirror.glob(pattern)):
            with path.open("rb") as document:
                url = "https://" + path.relative_to(mirror).as_posix()
                yield from ((feed.NAME, record) for record in feed.parse(document, url))


def inventory(snapshot: Path, ecosystem: str, count: int) -> Inventory:
    """Packages that advisories fix, each a binary of its source, at a version that most of them affect."""
    connection = sqlite3.connect(snapshot)
    rows = connection.execute(
        """SELECT name, min(fixed) FROM packages JOIN ranges ON package = packages.id
        WHERE ecosystem = ? AND fixed <> '' GROUP BY name ORDER BY name""",
        (ecosystem,),
    ).fetchall()
    connection.close()
    chosen = random.Random(4).sample(rows, min(count, len(rows)))  # noqa: S311 - the same image each time
    kind = {"Debian": "deb", "Alpine": "apk"}.get(ecosystem.partition(":")[0], "pypi")
    packages = tuple(
        Package(name, version, kind, kind, name, ecosystem, name, version) for name, version in chosen
    )
    return Inventory(Distro(kind) if kind != "pypi" else None, packages, ())


def measure(path: Path, ecosystem: str, count: int) -> None:
    installed = inventory(path, ecosystem, count)
    with Snapshot.open(path) as snapshot:
        verdict = match(installed, snapshot)
        warm = min(_repeated(lambda: match(installed, snapshot), times=10))
        read = min(
            _repeated(lambda: [dict(each.evidence) for each in match(installed, snapshot).findings], times=5)
        )
    print(f"{ecosystem}: {len(verdict.packages)} packages, {len(verdict.findings)} findings", end="; ")
    print(f"warm {warm * 1000:.0f} ms, with all evidence {read * 1000:.0f} ms")
    with tempfile.NamedTemporaryFile() as file:
        file.write(pickle.dumps(installed))
        file.flush()
        subprocess.run([sys.executable, "-c", COLD, str(path), file.name], check=True)


def _repeated(work: Callable[[], object], *, times: int) -> list[float]:
    return timeit.repeat(work, timer=time.process_time, number=1, repeat=times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--packages", type=int, default=400)
    arguments = parser.parse_args()
    compare(arguments.mirror, arguments.packages)


def compare(mirror: Path, packages: int = 400) -> None:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        count = sum(1 for _ in records(mirror))
        parsed = time.perf_counter() - start
        path = build(records(mirror), Path(folder), today=date(2026, 11, 22))
        seconds = time.perf_counter() - start - parsed
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count} records: {parsed:.1f} s to parse them, {seconds:.1f} s to parse and build")
        print(f"{peak:.0f} MB of memory at most")
        print(f"{path.stat().st_size / 1e6:.1f} MB of snapshot")
        with Snapshot.open(path) as snapshot:
            print(*snapshot.feeds(), sep="\n")
        for ecosystem in ("Debian:11", "Alpine:v3.18", "PyPI"):
            measure(path, ecosystem, packages)


if __name__ == "__main__":
    main()

"""Builds a snapshot from mirrored feeds and matches an image of 400 packages against it.

    python bench/matching.py --mirror FOLDER [--packages 400]

FOLDER maps upstreams as HOST/PATH. The packages are drawn from the advisories' own, at versions below a fix.
"""

import argparse
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from careen.feeds import alpine, debian, nvd, osv
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.matching.staging import Record
from careen.model.distro import Distro
from careen.model.layer import Inventory
from careen.model.package import Package

FEEDS = (
    (debian, "security-tracker.debian.org/tracker/data/json"),
    (alpine, "secdb.alpinelinux.org/*/*.json"),
    (osv.Feed("PyPI"), "osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"),
    (nvd, "nvd.nist.gov/feeds/json/cve/2.0/*.json.gz"),
)
COLD = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from careen.matching.snapshot import Snapshot
from careen.matching.matcher import match
imported = time.perf_counter()
snapshot = Snapshot.open(Path(sys.argv[1]))
snapshot.ecosystem("PyPI")
asked = time.perf_counter()
print(f"cold: {imported - start:.3f} s for the imports, {(asked - imported) * 1000:.1f} ms to open and ask")
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
    start = time.perf_counter()
    with Snapshot.open(path) as snapshot:
        opened = time.perf_counter()
        verdict = match(installed, snapshot)
        first = time.perf_counter()
        for _ in range(10):
            match(installed, snapshot)
        warm = (time.perf_counter() - first) / 10
    times = (("open", opened - start), ("first", first - opened), ("warm", warm))
    print(f"{ecosystem}: {len(verdict.packages)} packages, {len(verdict.findings)} findings", end="; ")
    print(", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in times))


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
        subprocess.run([sys.executable, "-c", COLD, str(path)], check=True)
        for ecosystem in ("Debian:11", "Alpine:v3.18", "PyPI"):
            measure(path, ecosystem, packages)


if __name__ == "__main__":
    main()

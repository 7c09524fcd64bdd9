"""What a child needs at its peak, whatever the layer's size: no more than 160 MB."""

import gzip
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from careen.model import digest

ALLOWED = 160_000_000  # bytes
MEGABYTE = 1 << 20
# Starts the child as index_layer does, and says what the kernel counted: a process of its own does, since a
# child's peak begins with what its parent had.
MEASURE = """
import resource, subprocess, sys
from pathlib import Path
from careen.images.budgets import Budgets
from careen.jobs.child import LayerSource, describe
path, size, digest = sys.argv[1:]
job = describe(LayerSource(Path(path), 0, int(size), digest), Budgets(ratio=1 << 20))
command = [sys.executable, "-P", "-m", "careen.jobs.child"]
done = subprocess.run(command, input=job, stdout=subprocess.PIPE, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, done.stdout[:100])
"""


def header(path: str, size: int = 0, kind: bytes = b"0", link: str = "") -> bytes:
    info = tarfile.TarInfo(path)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


def gigabytes() -> Iterator[bytes]:
    """10 GB of zeros, as gzip members of 64 MB each."""
    yield gzip.compress(header("zeros", 10 << 30))
    yield gzip.compress(bytes(64 * MEGABYTE), 1) * 160


def entries() -> Iterator[bytes]:
    """Two million, each with a name of its own; copies of one header are quick to make."""
    sample = header("usr/share/data/0000000")
    rest = sum(sample[:148]) + 8 * 32 + sum(sample[156:]) - sum(b"0000000")
    for start in range(0, 2_000_000, 20_000):
        numbers = (b"%07d" % number for number in range(start, start + 20_000))
        made = (
            sample[:15] + n + sample[22:148] + b"%06o\0 " % (rest + sum(n)) + sample[156:] for n in numbers
        )
        yield gzip.compress(b"".join(made), 1)


def links() -> Iterator[bytes]:
    for start in range(0, 200_000, 10_000):
        made = (
            header(f"usr/lib/{number}", kind=b"2", link=f"../share/{number}")
            for number in range(start, start + 10_000)
        )
        yield gzip.compress(b"".join(made), 1)


def packages() -> Iterator[bytes]:
    stanzas = b"".join(
        b"P:p%d\nV:%d-r0\nA:x86_64\no:o%d\n\n" % (number, number, number) for number in range(99_999)
    )
    yield gzip.compress(
        header("lib/apk/db/installed", len(stanzas)) + stanzas + bytes(-len(stanzas) % 512), 1
    )


def wanted(path: str, size: int, begin: bytes = b"") -> Iterator[bytes]:
    yield gzip.compress(header(path, size) + begin)
    yield gzip.compress((b"x: y\n\n" * MEGABYTE)[:MEGABYTE], 1) * (size // MEGABYTE)


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(gigabytes, id="10 GB"),
        pytest.param(entries, id="2 million entries"),
        pytest.param(links, id="200,000 links"),
        pytest.param(packages, id="100,000 packages"),
        pytest.param(lambda: wanted("var/lib/dpkg/status", 95 * MEGABYTE), id="dpkg"),
        pytest.param(lambda: wanted("var/lib/rpm/rpmdb.sqlite", 95 * MEGABYTE), id="rpm"),
        pytest.param(lambda: wanted("a/node_modules/b/package.json", 95 * MEGABYTE), id="JSON"),
        pytest.param(lambda: wanted("a.jar", 2048 * MEGABYTE), id="jar"),
    ],
)
def test_a_child_needs_little_memory_whatever_the_layer(layer: object, tmp_path: Path) -> None:
    assert callable(layer)
    with (tmp_path / "layer").open("wb") as file:
        for piece in layer():
            file.write(piece)
    blob = (tmp_path / "layer").read_bytes()
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "layer"), str(len(blob)), digest.of(blob)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=250)
    needed, _, answer = done.stdout.decode().partition(" ")
    assert answer.startswith('b\'{"index"'), done.stderr
    assert int(needed) < ALLOWED

"""A large blob passes through; it is never held."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from careen.store.database import Database

PIECE = bytes(range(256)) * 4096  # 1 MiB
PIECES = 300
ALLOWED = 64 << 20  # bytes of growth: a fifth of the blob
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@pytest.fixture
def server(
    sqlite_database: Database, serve: Callable[..., AbstractContextManager[object]]
) -> Iterator[object]:
    with serve(sqlite_database, max_blob=1 << 30) as started:
        yield started


def resident(field: str) -> int:
    """Bytes, as proc(5) tells them."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


@pytest.fixture
def growth() -> Callable[[], int]:
    """How far the peak of this process (server and client) has risen since the test began."""
    if not CLEAR_REFS.exists():
        pytest.skip("peak memory is measured with Linux' /proc/self/clear_refs")
    CLEAR_REFS.write_text("5")  # sets the peak back to what is resident now
    before = resident("VmRSS")
    return lambda: resident("VmHWM") - before


def pieces() -> Iterator[bytes]:
    for _ in range(PIECES):
        yield PIECE


def test_memory_does_not_grow_with_a_blob(
    http: httpx.Client, name: str, begin: Callable[[], str], growth: Callable[[], int]
) -> None:
    expected = hashlib.sha256()
    for piece in pieces():
        expected.update(piece)
    digest = f"sha256:{expected.hexdigest()}"
    assert http.put(begin(), params={"digest": digest}, content=pieces()).status_code == 201
    assert growth() < ALLOWED
    pulled = hashlib.sha256()
    with http.stream("GET", f"/{name}/blobs/{digest}") as answer:
        for piece in answer.iter_bytes():
            pulled.update(piece)
    assert f"sha256:{pulled.hexdigest()}" == digest
    assert growth() < ALLOWED

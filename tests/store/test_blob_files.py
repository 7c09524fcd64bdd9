import fcntl
import hashlib
import io
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careen.errors import Exhausted, Invalid, NotFound, Unavailable
from careen.model import digest
from careen.store.blob_files import DigestMismatch, LocalBlobs

CONTENT = b"layer" * 100_000

# Dies where the kernel would be asked for the rename: the bytes are fsynced, the blob is not there yet.
CRASH_BEFORE_RENAME = """
import os, signal, sys
from pathlib import Path
from careen.model import digest
from careen.store.blob_files import LocalBlobs
blobs = LocalBlobs(Path(sys.argv[1]))
blobs.append("upload-1", 0, b"layer")
os.replace = os.rename = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
blobs.commit("upload-1", digest.of(b"layer"))
"""

# Writes as much as it is told to, in pieces of 1 MiB, and tells the largest memory it had (KiB).
WRITE_MUCH = """
import hashlib, resource, sys
from pathlib import Path
from careen.store.blob_files import LocalBlobs
blobs, count = LocalBlobs(Path(sys.argv[1])), int(sys.argv[2])
piece, expected = bytes(1 << 20), hashlib.sha256()
for _ in range(count):
    expected.update(piece)
blobs.append("upload-1", 0, (piece for _ in range(count)))
again = LocalBlobs(Path(sys.argv[1]))
assert again.commit("upload-1", "sha256:" + expected.hexdigest()) == count << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_blob_is_put_together_from_chunks(blobs: LocalBlobs, tmp_path: Path) -> None:
    assert blobs.append("upload-1", 0, [CONTENT[:10], CONTENT[10:1000]]) == 1000
    assert blobs.size("upload-1") == 1000
    assert blobs.append("upload-1", 1000, CONTENT[1000:]) == len(CONTENT)
    name = digest.of(CONTENT)
    assert not blobs.exists(name)
    assert blobs.commit("upload-1", name) == len(CONTENT)
    assert blobs.exists(name)
    with blobs.open(name) as stored:
        assert stored.read() == CONTENT
    hexdigest = name.removeprefix("sha256:")
    assert files(tmp_path) == [f"sha256/{hexdigest[:2]}/{hexdigest}"]


@settings(max_examples=60, deadline=None)
@given(
    chunks=st.lists(st.binary(max_size=40), max_size=8),
    restarts=st.sets(st.integers(0, 8)),
    lost=st.integers(0, 40),
)
def test_the_digest_is_that_of_the_acknowledged_bytes_over_restarts_and_lost_answers(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], restarts: set[int], lost: int
) -> None:
    folder = tmp_path_factory.mktemp("blobs")
    blobs, offset = LocalBlobs(folder), 0
    for number, chunk in enumerate(chunks):
        if number in restarts:
            blobs = LocalBlobs(folder)
        blobs.append("upload-1", offset, b"x" * lost)  # never acknowledged: sent again by the client
        offset = blobs.append("upload-1", offset, chunk)
    content = b"".join(chunks)
    assert blobs.commit("upload-1", digest.of(content)) == len(content)


def test_an_upload_without_bytes_is_the_empty_blob(blobs: LocalBlobs) -> None:
    assert blobs.size("upload-1") == 0
    assert blobs.commit("upload-1", digest.of(b"")) == 0


def test_a_wrong_digest_leaves_nothing(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.append("upload-1", 0, CONTENT)
    with pytest.raises(DigestMismatch, match=digest.of(CONTENT)):
        blobs.commit("upload-1", digest.of(b"something else"))
    assert files(tmp_path) == []
    with pytest.raises(DigestMismatch):
        blobs.adopt(io.BytesIO(CONTENT), digest.of(b"something else"))
    assert files(tmp_path) == []


def test_a_discarded_upload_is_gone(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.append("upload-1", 0, CONTENT)
    blobs.discard("upload-1")
    blobs.discard("upload-1")
    assert files(tmp_path) == []
    assert blobs.append("upload-1", 0, b"new") == 3
    assert blobs.commit("upload-1", digest.of(b"new")) == 3


def test_an_upload_cannot_go_on_after_its_end(blobs: LocalBlobs) -> None:
    blobs.append("upload-1", 0, b"four")
    with pytest.raises(Invalid, match="has 4 bytes"):
        blobs.append("upload-1", 5, b"x")
    assert blobs.size("upload-1") == 4


def test_an_upload_has_one_writer_at_a_time(blobs: LocalBlobs, tmp_path: Path) -> None:
    with blobs.open_upload("upload-1") as upload:
        upload.write(b"one")
        for other in (blobs, LocalBlobs(tmp_path)):
            with pytest.raises(Unavailable):
                other.append("upload-1", 0, b"two")
            with pytest.raises(Unavailable):
                other.commit("upload-1", digest.of(b"one"))
        upload.write(b"more")
    assert blobs.commit("upload-1", digest.of(b"onemore")) == 7


def test_a_writer_that_ended_holds_nobody_up_though_a_starting_process_has_its_descriptor(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[int] = []
    real = fcntl.flock

    def lock(file: IO[bytes], how: int) -> None:
        real(file, how)
        if how & fcntl.LOCK_EX:
            copies.append(os.dup(file.fileno()))  # as a fork has it, until its exec

    monkeypatch.setattr(fcntl, "flock", lock)
    blobs.append("upload", 0, b"first")
    assert blobs.append("upload", 5, b"second") == 11
    for copy in copies:
        os.close(copy)


def test_chunks_may_be_written_from_different_threads(blobs: LocalBlobs) -> None:
    with blobs.open_upload("upload-1") as upload:
        for number in range(20):
            thread = threading.Thread(target=upload.write, args=(bytes([number]) * 1000,))
            thread.start()
            thread.join()
        assert upload.offset == 20_000
    assert blobs.commit("upload-1", digest.of(b"".join(bytes([n]) * 1000 for n in range(20)))) == 20_000


def test_a_broken_body_keeps_what_came_before(blobs: LocalBlobs) -> None:
    def body() -> Iterator[bytes]:
        yield b"first"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.append("upload-1", 0, body())
    assert blobs.size("upload-1") == 5
    blobs.append("upload-1", 5, b"second")
    assert blobs.commit("upload-1", digest.of(b"firstsecond")) == 11


def test_many_commits_of_one_digest_are_one_blob(blobs: LocalBlobs, tmp_path: Path) -> None:
    together = threading.Barrier(8, timeout=30)

    def push(number: int) -> int:
        blobs.append(f"upload-{number}", 0, CONTENT)
        together.wait()
        return blobs.commit(f"upload-{number}", digest.of(CONTENT))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(push, range(8))) == [len(CONTENT)] * 8
    assert len(files(tmp_path)) == 1
    assert blobs.path(digest.of(CONTENT)).read_bytes() == CONTENT


def test_a_writer_that_comes_while_the_upload_becomes_a_blob_cannot_touch_it(
    blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has opened the file, but not locked it yet, when another process renames it."""
    blobs.append("upload-1", 0, b"content")
    lock = fcntl.flock

    def lock_after_the_other(file: IO[bytes], operation: int) -> None:
        monkeypatch.undo()
        LocalBlobs(tmp_path).commit("upload-1", digest.of(b"content"))
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", lock_after_the_other)
    with pytest.raises(Unavailable, match="was ended"):
        blobs.append("upload-1", 0, b"other")
    assert blobs.path(digest.of(b"content")).read_bytes() == b"content"


def test_a_full_disk_is_said_and_the_upload_may_go_on(blobs: LocalBlobs) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    blobs.append("upload-1", 0, b"x" * 1000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
    try:
        with pytest.raises(Exhausted, match="no space left"):
            blobs.append("upload-1", 1000, CONTENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert blobs.size("upload-1") == 1000
    blobs.append("upload-1", 1000, b"y")
    assert blobs.commit("upload-1", digest.of(b"x" * 1000 + b"y")) == 1001


def test_a_crash_before_the_rename_leaves_an_upload_that_the_sweep_removes(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH_BEFORE_RENAME, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert files(tmp_path) == ["uploads/upload-1"]
    assert not blobs.exists(digest.of(b"layer"))
    assert blobs.sweep(timedelta(0), known=["upload-1"]) == 0
    assert blobs.sweep(timedelta(hours=1)) == 0
    assert blobs.sweep(timedelta(0)) == 1
    assert files(tmp_path) == []


def test_the_sweep_goes_by_the_last_write(blobs: LocalBlobs, tmp_path: Path) -> None:
    for name in ("old", "new"):
        blobs.append(name, 0, b"x")
    os.utime(tmp_path / "uploads" / "old", (0, 0))
    assert blobs.sweep(timedelta(days=1)) == 1
    assert files(tmp_path) == ["uploads/new"]


def test_memory_does_not_grow_with_the_blob(tmp_path: Path) -> None:
    def peak(mebibytes: int) -> int:
        command = [sys.executable, "-c", WRITE_MUCH, str(tmp_path), str(mebibytes)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)

    assert peak(256) - peak(8) < 16 << 10


def test_bytes_and_streams_and_files_are_stored(blobs: LocalBlobs, tmp_path: Path) -> None:
    assert blobs.write(b"{}") == digest.of(b"{}")
    assert blobs.write(b"{}") == digest.of(b"{}")
    assert blobs.adopt(io.BytesIO(CONTENT), digest.of(CONTENT)) == len(CONTENT)
    (tmp_path / "layer.tar").write_bytes(b"tar")
    assert blobs.adopt(tmp_path / "layer.tar", digest.of(b"tar")) == 3
    for content in (b"{}", CONTENT, b"tar"):
        with blobs.open(digest.of(content)) as stored:
            assert hashlib.sha256(stored.read()).hexdigest() == digest.of(content)[7:]


def test_a_removed_blob_is_not_found(blobs: LocalBlobs) -> None:
    name = blobs.write(b"{}")
    blobs.remove(name)
    blobs.remove(name)
    assert not blobs.exists(name)
    with pytest.raises(NotFound, match=name):
        blobs.open(name)


@pytest.mark.parametrize(
    "name", ["", "sha256:", "sha256:../../etc/passwd", "sha512:" + "0" * 127, "sha256:" + "A" * 64]
)
def test_what_is_no_digest_is_no_path(blobs: LocalBlobs, name: str) -> None:
    blobs.append("upload-1", 0, b"x")
    for use in (blobs.path, blobs.exists, blobs.open, blobs.remove):
        with pytest.raises(digest.InvalidDigest):
            use(name)
    with pytest.raises(digest.InvalidDigest):
        blobs.commit("upload-1", name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\x00", "a" * 65, "-rf", "ключ"])
def test_what_is_no_upload_is_no_path(blobs: LocalBlobs, tmp_path: Path, name: str) -> None:
    for use in (blobs.size, blobs.discard, blobs.open_upload):
        with pytest.raises(Invalid):
            use(name)
    assert files(tmp_path) == []

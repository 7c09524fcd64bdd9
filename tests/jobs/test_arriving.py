"""Blobs that are indexed while they come, by real children, from the files of real uploads."""

import gzip
import io
import random
import tarfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import zstandard

from careen.images.budgets import Budgets
from careen.jobs import indexing as policy
from careen.jobs.arriving import Arriving
from careen.jobs.child import LayerSource
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.jobs.task import Task
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.store import layers
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database

METADATA = b"Name: requests\nVersion: 2.0\n"
NAME = "crp/shop/web"
MEGABYTE = 1 << 20
Compress = Callable[[bytes], bytes]


def plain(data: bytes) -> bytes:
    return data


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def layer(*, fill: int = 12 * MEGABYTE, seed: int = 1) -> bytes:
    """An archive with a package behind much that is none."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in (
            ("data", random.Random(seed).randbytes(fill)),
            ("app/requests-2.0.dist-info/METADATA", METADATA),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Desk:
    """Pushes blobs as the registry does, and counts how often a reading began."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.blobs = LocalBlobs(folder)
        self.begun: list[Path] = []
        self.readings: list[Reading] = []
        self.indexing = Indexing(database, self._begin, workers=2)
        self.arriving = Arriving(self.indexing, self.blobs)

    def _begin(self, path: Path, offset: int) -> Reading:
        self.begun.append(path)
        self.readings.append(Reading(path, offset, budgets=Budgets()))
        return self.readings[-1]

    def send(self, upload_id: str, data: bytes) -> None:
        with self.blobs.open_upload(upload_id) as upload:
            for start in range(0, len(data), MEGABYTE):
                upload.write(data[start : start + MEGABYTE])
                self.arriving.bytes_arrived(NAME, upload)

    def finish(self, upload_id: str, data: bytes) -> Digest:
        digest = digests.of(data)
        self.blobs.commit(upload_id, digest)
        self.arriving.blob_arrived(NAME, upload_id, digest)
        return digest

    def push(self, upload_id: str, data: bytes) -> Digest:
        self.send(upload_id, data)
        return self.finish(upload_id, data)

    def found(self, digest: Digest) -> list[str]:
        """The packages of the layer, as a scan gets them."""
        path = self.blobs.path(digest)
        (index,) = self.indexing.ensure([LayerSource(path, 0, path.stat().st_size, digest)])
        assert index.digest == digest
        assert index.problems == ()
        return [package.name for package in index.packages]

    def kept(self) -> int:
        with self.database.read() as connection:
            return len(connection.exec_driver_sql("SELECT digest FROM layers").all())


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(sqlite_database, tmp_path / "blobs")
    yield made
    made.indexing.close()


def eventually(claim: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("compress", [plain, gzipped, zstandard.ZstdCompressor().compress])
def test_a_blob_is_read_before_it_is_whole_and_only_once(desk: Desk, compress: Compress) -> None:
    data = compress(layer())
    desk.send("upload", data[:-100])
    eventually(lambda: desk.begun)
    assert desk.kept() == 0
    desk.send("upload", data[-100:])
    digest = desk.finish("upload", data)
    assert desk.found(digest) == ["requests"]
    assert [path.name for path in desk.begun] == ["upload"]


def test_what_is_found_is_kept_though_nobody_asks(desk: Desk) -> None:
    digest = desk.push("upload", gzipped(layer()))
    eventually(desk.kept)
    with desk.database.read() as connection:
        assert layers.missing(connection, [digest], desk.indexing.fingerprint) == []


def test_a_small_blob_is_read_when_it_is_whole(desk: Desk) -> None:
    desk.push("upload", gzipped(layer(fill=10)))
    eventually(desk.kept)
    assert desk.begun[0].name != "upload"


@pytest.mark.parametrize("data", [b"{" * (8 * MEGABYTE), b"PK\x03\x04" + bytes(8 * MEGABYTE), b"{}"])
def test_what_is_no_layer_costs_no_process(desk: Desk, data: bytes) -> None:
    desk.push("upload", data)
    time.sleep(0.2)
    assert (desk.begun, desk.kept()) == ([], 0)


def test_an_upload_that_is_given_up_leaves_nothing(
    desk: Desk, layer_readers: Callable[[], list[int]]
) -> None:
    desk.send("upload", gzipped(layer())[:-100])
    eventually(lambda: desk.readings and desk.readings[0].waits)
    assert len(layer_readers()) == 1
    desk.arriving.upload_ended("upload")
    eventually(lambda: not layer_readers())
    assert desk.kept() == 0


def test_an_upload_that_begins_like_a_layer_and_is_none_leaves_nothing(
    desk: Desk, layer_readers: Callable[[], list[int]]
) -> None:
    digest = desk.push("upload", gzipped(random.Random(2).randbytes(8 * MEGABYTE)))
    eventually(lambda: len(desk.begun) == 2)  # again, since only now its digest was verified
    eventually(lambda: not layer_readers())
    assert desk.kept() == 0
    path = desk.blobs.path(digest)
    (index,) = desk.indexing.ensure([LayerSource(path, 0, path.stat().st_size, digest)])
    assert "corrupt-layer" in [str(problem.kind) for problem in index.problems]


def test_an_upload_that_goes_on_after_a_restart_is_read_from_its_beginning(
    desk: Desk, sqlite_database: Database
) -> None:
    data = gzipped(layer())
    desk.send("upload", data[: 9 * MEGABYTE])
    later = Desk(sqlite_database, desk.blobs.path("sha256:" + "0" * 64).parents[2])
    later.send("upload", data[9 * MEGABYTE :])
    digest = later.finish("upload", data)
    assert later.found(digest) == ["requests"]
    assert [path.name for path in later.begun] == ["upload"]
    desk.arriving.upload_ended("upload")


def test_an_upload_that_was_cut_and_goes_on_otherwise_is_never_taken_for_what_was_read(desk: Desk) -> None:
    first, second = gzipped(layer(seed=1)), gzipped(layer(seed=2))
    desk.send("upload", first[: 9 * MEGABYTE])
    eventually(lambda: desk.readings and desk.readings[0].waits)
    with desk.blobs.open_upload("upload", offset=0) as upload:
        upload.write(second)
        desk.arriving.bytes_arrived(NAME, upload)
    digest = desk.finish("upload", second)
    assert desk.found(digest) == ["requests"]
    assert desk.kept() == 1


def test_idle_uploads_keep_nobody_from_work(desk: Desk, layer_readers: Callable[[], list[int]]) -> None:
    data = gzipped(layer())
    for number in range(policy.FOLLOWED):
        desk.send(f"slow-{number}", data[: 5 * MEGABYTE])
    eventually(lambda: len([each for each in desk.readings if each.waits]) == policy.FOLLOWED)
    assert desk.found(desk.push("quick", gzipped(layer(seed=3)))) == ["requests"]
    for number in range(policy.FOLLOWED):
        desk.arriving.upload_ended(f"slow-{number}")
    eventually(lambda: not layer_readers())


def test_an_idle_upload_gives_way_to_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "FOLLOWED", 1)
    monkeypatch.setattr(policy, "_PATIENCE_IN_NEED", 0.1)
    data, other = gzipped(layer()), gzipped(layer(seed=3))
    desk.send("slow", data[: 5 * MEGABYTE])
    eventually(lambda: desk.readings and desk.readings[0].waits)
    time.sleep(0.2)
    desk.send("quick", other)
    assert desk.found(desk.finish("quick", other)) == ["requests"]
    assert [path.name for path in desk.begun] == ["slow", "quick"]
    desk.send("slow", data[5 * MEGABYTE :])
    assert desk.found(desk.finish("slow", data)) == ["requests"]
    assert desk.begun[2].name == digests.of(data).removeprefix("sha256:")


def test_an_upload_that_ends_just_when_it_was_given_up_is_found(desk: Desk) -> None:
    digest = desk.blobs.write(gzipped(layer()))
    path = desk.blobs.path(digest)
    given_up = Task(NAME, path, 0, 1, is_followed=True, is_dropped=True)  # no worker has seen that yet
    desk.indexing.complete(given_up, LayerSource(path, 0, path.stat().st_size, digest))
    assert desk.found(digest) == ["requests"]


def test_the_same_blob_pushed_twice_at_a_time_is_found(
    desk: Desk, layer_readers: Callable[[], list[int]]
) -> None:
    data = gzipped(layer())
    desk.send("one", data)
    desk.send("two", data)
    assert desk.finish("one", data) == (digest := desk.finish("two", data))
    assert desk.found(digest) == ["requests"]
    eventually(lambda: not layer_readers())
    assert desk.kept() == 1


def test_time_that_an_upload_takes_is_not_the_layers(sqlite_database: Database, tmp_path: Path) -> None:
    begin = partial(Reading, budgets=Budgets(seconds=1))
    indexing = Indexing(sqlite_database, begin, workers=1)
    blobs = LocalBlobs(tmp_path / "blobs")
    arriving = Arriving(indexing, blobs)
    data = gzipped(layer(fill=5 * MEGABYTE))
    for part in (data[:-10], data[-10:]):
        with blobs.open_upload("upload") as upload:
            upload.write(part)
            arriving.bytes_arrived(NAME, upload)
        time.sleep(3.5)  # more than the budget and its grace
    blobs.commit("upload", digests.of(data))
    arriving.blob_arrived(NAME, "upload", digests.of(data))
    source = LayerSource(blobs.path(digests.of(data)), 0, len(data), digests.of(data))
    (index,) = indexing.ensure([source])
    assert [package.name for package in index.packages] == ["requests"]
    assert index.problems == ()

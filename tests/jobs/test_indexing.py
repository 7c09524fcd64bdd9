import gzip
import hashlib
import io
import os
import tarfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from careen.errors import Cancelled
from careen.images.budgets import Budgets
from careen.jobs import indexing as policy
from careen.jobs.child import LayerSource
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.model.digest import Digest
from careen.model.problem import ProblemKind
from careen.store.database import Database


def stored(folder: Path, files: dict[str, bytes] | bytes) -> LayerSource:
    buffer = io.BytesIO()
    if isinstance(files, bytes):
        blob = files
    else:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        blob = gzip.compress(buffer.getvalue(), mtime=0)
    digest = Digest("sha256:" + hashlib.sha256(blob).hexdigest())
    path = folder / digest[7:]
    path.write_bytes(blob)
    return LayerSource(path, 0, len(blob), digest)


class Counted:
    """The real reader of layers, and what it was asked to read."""

    def __init__(self, *, pause: float = 0) -> None:
        self.read: list[Digest] = []
        self._pause = pause

    def __call__(self, path: Path, offset: int) -> Reading:
        self.read.append(Digest(f"sha256:{path.name}"))
        time.sleep(self._pause)
        return Reading(path, offset, budgets=Budgets())


@pytest.fixture
def dpkg_layer(tmp_path: Path) -> LayerSource:
    status = b"Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10\nArchitecture: amd64\n\n"
    return stored(tmp_path, {"var/lib/dpkg/status": status})


def test_a_layer_that_was_read_once_is_never_read_again(
    sqlite_database: Database, dpkg_layer: LayerSource
) -> None:
    counted = Counted()
    first = Indexing(sqlite_database, counted, workers=2)
    found = first.ensure([dpkg_layer])
    dpkg_layer.path.unlink()
    second = Indexing(sqlite_database, counted, workers=2)
    assert second.ensure([dpkg_layer]) == found
    assert [package.name for package in found[0].packages] == ["curl"]
    assert counted.read == [dpkg_layer.digest]


def test_two_who_need_a_layer_at_the_same_time_wait_for_one_reading(
    sqlite_database: Database, dpkg_layer: LayerSource
) -> None:
    counted = Counted(pause=0.3)
    indexing = Indexing(sqlite_database, counted, workers=4)
    threads = [threading.Thread(target=indexing.ensure, args=([dpkg_layer],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.read == [dpkg_layer.digest]


def test_the_largest_layer_is_begun_first_and_the_answers_keep_the_layers_order(
    sqlite_database: Database, tmp_path: Path
) -> None:
    layers = [stored(tmp_path, {f"file-{size}": bytes(range(256)) * size}) for size in (1, 4000, 200)]
    counted = Counted()
    found = Indexing(sqlite_database, counted, workers=1).ensure(layers)
    assert [index.digest for index in found] == [layer.digest for layer in layers]
    by_size = sorted(layers, key=lambda layer: layer.size, reverse=True)
    assert counted.read == [layer.digest for layer in by_size]


def test_a_corrupt_layer_is_an_index_with_the_problem_and_is_not_kept(
    sqlite_database: Database, tmp_path: Path, dpkg_layer: LayerSource
) -> None:
    broken = stored(tmp_path, b"\x1f\x8b\x08\x00 no gzip stream follows")
    indexing = Indexing(sqlite_database, Counted(), workers=2)
    bad, good = indexing.ensure([broken, dpkg_layer])
    assert [problem.kind for problem in bad.problems] == [ProblemKind.CORRUPT_LAYER]
    assert broken.digest in bad.problems[0].message
    assert good.packages


def test_a_blown_budget_names_itself(sqlite_database: Database, dpkg_layer: LayerSource) -> None:
    tight = partial(Reading, budgets=Budgets(inflated=100))
    (index,) = Indexing(sqlite_database, tight, workers=1).ensure([dpkg_layer])
    assert [problem.kind for problem in index.problems] == [ProblemKind.BUDGET_EXCEEDED]
    assert "CAREEN_BUDGET_INFLATED" in index.problems[0].message


def test_what_was_begun_early_is_there_when_it_is_needed(
    sqlite_database: Database, dpkg_layer: LayerSource
) -> None:
    counted = Counted()
    indexing = Indexing(sqlite_database, counted, workers=1)
    indexing.soon([dpkg_layer])
    assert indexing.ensure([dpkg_layer])[0].packages
    assert counted.read == [dpkg_layer.digest]


def test_an_image_of_layers_without_end_delays_another_by_its_share(
    sqlite_database: Database, dpkg_layer: LayerSource, tmp_path: Path
) -> None:
    """Their reader waits at a pipe without a writer: work without an end, as it looks from outside."""
    endless = []
    for number in range(20):
        path = tmp_path / f"{number:064x}"
        os.mkfifo(path)
        endless.append(LayerSource(path, 0, 1 << 30, Digest(f"sha256:{path.name}")))
    indexing = Indexing(sqlite_database, partial(Reading, budgets=Budgets(seconds=3)), workers=1)
    hostile = indexing.begin(endless, whose="hostile")
    (honest,) = indexing.begin([dpkg_layer], whose="honest")
    assert honest.result(timeout=30).packages
    assert sum(future.done() for future in hostile) <= 1
    indexing.close()
    time.sleep(1)  # the turn that is under way


def test_no_more_children_are_at_work_than_there_are_workers(
    sqlite_database: Database, tmp_path: Path, layer_readers: Callable[[], list[int]]
) -> None:
    for number in range(4):
        os.mkfifo(tmp_path / f"{number:064x}")
    indexing = Indexing(sqlite_database, partial(Reading, budgets=Budgets(seconds=60)), workers=1)
    for path in sorted(tmp_path.iterdir()):
        indexing.begin([LayerSource(path, 0, 9, Digest(f"sha256:{path.name}"))], whose=path.name)
    time.sleep(2)
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in layer_readers()]
    states = sorted(stat.rpartition(")")[2].split()[0] for stat in stats)
    assert len(states) == 2  # two are begun for each worker
    assert states.count("T") >= 1
    indexing.close()
    time.sleep(1)  # the turn that is under way


def test_a_layer_is_read_on_until_the_last_who_waits_for_it_leaves(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "_TURN", 0.02)  # seconds: the layer takes many turns
    layer = stored(tmp_path, {f"data/{number}": os.urandom(1 << 20) for number in range(150)})
    counted = Counted()
    indexing = Indexing(sqlite_database, counted, workers=1)
    (future,) = indexing.soon([layer], wanted_by="first").values()
    assert indexing.soon([layer], wanted_by="second") == {layer.digest: future}
    indexing.leave("first")
    indexing.leave("nobody")
    assert not future.done()
    indexing.leave("second")
    with pytest.raises(Cancelled):
        future.result(timeout=30)
    found = indexing.ensure([layer])
    assert found[0].problems == ()
    assert counted.read == [layer.digest] * len(counted.read)

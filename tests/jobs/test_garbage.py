"""What nobody needs goes; what somebody relies on stays, whoever pushes, deletes and collects at once."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from careen.jobs.garbage import Garbage
from careen.model import digest, ids
from careen.model.digest import Digest
from careen.model.manifest import Descriptor, Manifest
from careen.model.registry import Registry, Repository
from careen.store import blobs, images, registries, repositories, uploads
from careen.store.blob_files import LocalBlobs
from careen.store.columns import now
from careen.store.database import Database
from careen.store.images import MissingBlob
from careen.store.tables import blobs as blobs_table
from careen.store.tables import repository_blobs

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DAY = timedelta(days=1)
AT_ONCE = timedelta(0)

Push = Callable[..., Digest]


@pytest.fixture
def repository(database: Database) -> Repository:
    registry = Registry(id=ids.new(), folder_id="b1gfolder", name="prod", created_at=now())
    with database.write() as connection:
        registries.add(connection, registry)
        return repositories.upsert(connection, registry.id, f"{registry.id}/shop/web")


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture
def garbage(database: Database, store: LocalBlobs) -> Garbage:
    return Garbage(database, store, DAY, DAY)


def push(database: Database, store: LocalBlobs, repository: Repository, data: bytes) -> Digest:
    """As the registry does it."""
    name = digest.of(data)
    with database.write() as connection:
        upload_id = uploads.start(connection, repository.id)
    store.append(upload_id, 0, data)
    with store.sealed(upload_id, name) as upload, database.write() as connection:
        blobs.add(connection, name, upload.size)
        blobs.link(connection, repository.id, name)
        uploads.finish(connection, upload_id)
        upload.publish()
    return name


def tag(database: Database, repository: Repository, config: Digest, *layers: Digest) -> str:
    """The id of an image of these blobs."""
    body = repr((config, layers)).encode()
    described = tuple(Descriptor(CONFIG, one, 1) for one in (config, *layers))
    manifest = Manifest(MANIFEST, digest.of(body), len(body), described[0], described[1:])
    with database.write() as connection:
        return images.put(connection, repository, manifest, body).id


def grow_old(database: Database, days: int = 2) -> None:
    """As if nobody had touched anything for so long."""
    with database.write() as connection:
        for table in (blobs_table, repository_blobs):
            connection.execute(update(table).values(touched_at=now() - timedelta(days=days)))


def is_visible(database: Database, repository: Repository, name: Digest) -> bool:
    with database.read() as connection:
        return blobs.linked(connection, repository.id, name) is not None


def rows(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(select(blobs_table.c.digest)))


def test_a_blob_that_no_image_uses_is_kept_for_a_while_and_then_goes(
    database: Database, store: LocalBlobs, repository: Repository, garbage: Garbage
) -> None:
    name = push(database, store, repository, b"of no use")
    garbage.collect()
    assert is_visible(database, repository, name)
    grow_old(database)
    garbage.collect()
    assert not is_visible(database, repository, name)
    assert not store.exists(name)
    assert rows(database) == set()


def test_the_blobs_of_an_image_stay_and_its_other_repositories_keep_theirs(
    database: Database, store: LocalBlobs, repository: Repository, garbage: Garbage
) -> None:
    config, layer = push(database, store, repository, b"{}"), push(database, store, repository, b"layer")
    with database.write() as connection:
        other = repositories.upsert(connection, repository.registry_id, f"{repository.registry_id}/other")
        blobs.link(connection, other.id, layer)
    tag(database, repository, config, layer)
    grow_old(database)
    garbage.collect()
    assert is_visible(database, repository, config)
    assert is_visible(database, repository, layer)
    assert not is_visible(database, other, layer)
    assert store.exists(config)
    assert store.exists(layer)


def test_a_deleted_image_s_blobs_have_the_whole_grace_again(
    database: Database, store: LocalBlobs, repository: Repository, garbage: Garbage
) -> None:
    config, layer = push(database, store, repository, b"{}"), push(database, store, repository, b"layer")
    image = tag(database, repository, config, layer)
    grow_old(database)
    with database.write() as connection:
        images.delete(connection, image)
    garbage.collect()
    assert is_visible(database, repository, config)
    assert is_visible(database, repository, layer)
    grow_old(database)
    garbage.collect()
    assert rows(database) == set()


def test_the_blobs_of_a_deleted_repository_go(
    database: Database, store: LocalBlobs, repository: Repository, garbage: Garbage
) -> None:
    config = push(database, store, repository, b"{}")
    tag(database, repository, config)
    with database.write() as connection:
        repositories.delete(connection, repository.id)
    garbage.collect()
    assert store.exists(config)
    grow_old(database)
    garbage.collect()
    assert not store.exists(config)


def test_more_than_one_batch_goes(
    database: Database, store: LocalBlobs, repository: Repository, garbage: Garbage
) -> None:
    with database.write() as connection:
        for number in range(450):
            name = store.write(str(number).encode())
            blobs.add(connection, name, 3)
            blobs.link(connection, repository.id, name)
    grow_old(database)
    with counted_commits(database) as commits:
        garbage.collect()
    assert rows(database) == set()
    assert list(store.old(AT_ONCE)) == []
    assert sum(commits) < 100, "each is a sync of the disk"


@contextmanager
def counted_commits(database: Database) -> Iterator[list[int]]:
    """Of transactions that write."""
    seen: list[int] = []

    def count(_: object) -> None:
        seen.append(1)

    event.listen(database._engine, "commit", count)
    yield seen
    event.remove(database._engine, "commit", count)


def test_a_file_that_a_killed_push_left_goes(store: LocalBlobs, garbage: Garbage) -> None:
    name = store.write(b"its row was never written")
    garbage.collect()
    assert store.exists(name)
    os.utime(store.path(name), (0, 0))
    garbage.collect()
    assert not store.exists(name)


def test_an_upload_goes_when_nobody_wrote_to_it_for_long(
    database: Database, store: LocalBlobs, repository: Repository
) -> None:
    with database.write() as connection:
        slow, dead, empty = (uploads.start(connection, repository.id) for _ in range(3))
    store.append(slow, 0, b"x")
    store.append(dead, 0, b"x")
    store.append("unknown-to-any-row", 0, b"x")
    garbage = Garbage(database, store, DAY, timedelta(seconds=1))
    time.sleep(1.1)
    store.append(slow, 1, b"y")
    garbage.collect()
    with database.read() as connection:
        assert uploads.ids(connection) == [slow]
    assert (store.size(slow), store.size(dead), store.size("unknown-to-any-row")) == (2, 0, 0)
    del empty


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more."""


class KilledStore(LocalBlobs):
    def remove(self, digest: str) -> None:
        super().remove(digest)
        raise Killed


def test_a_kill_between_the_file_and_its_row_harms_nothing(
    database: Database, store: LocalBlobs, repository: Repository, garbage: Garbage, tmp_path: Path
) -> None:
    name = push(database, store, repository, b"of no use")
    grow_old(database)
    with pytest.raises(Killed):
        Garbage(database, KilledStore(tmp_path / "blobs"), DAY, DAY).collect()
    assert rows(database) == {name}
    assert not is_visible(database, repository, name)
    assert push(database, store, repository, b"of no use") == name
    assert store.exists(name)
    grow_old(database)
    garbage.collect()
    assert rows(database) == set()


def push_and_delete(database: Database, store: LocalBlobs, to: Repository, until: float) -> int:
    """How many images were there, each with all its blobs."""
    made = 0
    while time.monotonic() < until:
        names = [push(database, store, to, data) for data in (b"one", b"two")]
        try:
            image = tag(database, to, *names)
        except MissingBlob:
            continue  # collected in between, which a grace is for; and said
        assert all(store.exists(name) and is_visible(database, to, name) for name in names)
        made += 1
        with database.write() as connection:
            images.delete(connection, image)
    return made


def test_pushes_and_collectors_at_once_lose_nothing(
    database: Database, store: LocalBlobs, repository: Repository
) -> None:
    """Everybody works on the same few blobs, with no grace at all."""
    until = time.monotonic() + 4
    registry = repository.registry_id
    with database.write() as connection:
        made = [repositories.upsert(connection, registry, f"{registry}/{name}") for name in ("a", "b")]

    def collect() -> None:
        garbage = Garbage(database, store, timedelta(milliseconds=-1), DAY)
        while time.monotonic() < until:
            garbage.collect()

    with ThreadPoolExecutor(4) as pool:
        collectors = [pool.submit(collect) for _ in range(2)]
        pushers = [pool.submit(push_and_delete, database, store, to, until) for to in made]
        for work in collectors:
            work.result()
        assert all(work.result() for work in pushers)
    for name in rows(database):
        if any(is_visible(database, to, Digest(name)) for to in made):
            assert store.exists(name)

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, func, select

from careen.errors import Exists, NotFound
from careen.model import digest, ids
from careen.model.manifest import Descriptor, Manifest
from careen.model.registry import Blob, Image, Registry, Repository, ScanResult, ScanStatus
from careen.store import blobs, images, registries, repositories, scans
from careen.store.columns import now
from careen.store.database import Database
from careen.store.paging import Page
from careen.store.tables import images as images_table
from careen.store.tables import metadata, tags

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

Push = Callable[..., Image]


def described(data: bytes, media_type: str = LAYER) -> Descriptor:
    return Descriptor(media_type, digest.of(data), len(data))


def index_of(*children: Image) -> tuple[Manifest, bytes]:
    body = repr([child.digest for child in children]).encode()
    listed = tuple(Descriptor(child.media_type, child.digest, child.size) for child in children)
    return Manifest(INDEX, digest.of(body), len(body), children=listed), body


def test_an_image_comes_back_with_its_layers_in_order_and_its_tags(
    database: Database, repository: Repository, push: Push
) -> None:
    image = push(b"base", b"app", b"base", tag="v1")
    with database.write() as connection:
        images.tag(connection, image, "V1")
        found = images.get(connection, image.id)
        assert found == replace(image, tags=("V1", "v1"))
        assert images.by_digest(connection, repository.id, image.digest) == found
        assert images.by_tag(connection, repository.id, "v1") == found
        assert digest.of(images.body(connection, image.id)) == image.digest
    assert [layer.digest for layer in image.layers] == [digest.of(x) for x in (b"base", b"app", b"base")]
    assert image.config is not None
    assert image.compressed_size == image.config.size + 4 + 3 + 4
    assert (image.name, image.media_type) == (repository.name, MANIFEST)


def test_an_image_is_put_once(database: Database, push: Push) -> None:
    first, second = push(b"base"), push(b"base")
    assert first == second
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(images_table)) == 1


def test_what_is_not_there_is_not_found(database: Database, repository: Repository) -> None:
    with database.read() as connection:
        assert images.get(connection, "crpnone") is None
        assert images.by_digest(connection, repository.id, digest.of(b"")) is None
        assert images.by_tag(connection, repository.id, "latest") is None
        with pytest.raises(NotFound, match="Image crpnone not found"):
            images.body(connection, "crpnone")


@pytest.mark.parametrize("missing", [b"config", b"one", b"two"])
def test_a_manifest_with_a_missing_blob_leaves_nothing_behind(
    database: Database, repository: Repository, missing: bytes
) -> None:
    body = b'{"schemaVersion": 2}'
    manifest = Manifest(
        MANIFEST,
        digest.of(body),
        len(body),
        described(b"config", CONFIG),
        (described(b"one"), described(b"two")),
    )
    with database.write() as connection:
        for data in {b"config", b"one", b"two"} - {missing}:
            blobs.add(connection, digest.of(data), len(data))
            blobs.link(connection, repository.id, digest.of(data))
        with pytest.raises(images.MissingBlob) as caught:
            images.put(connection, repository, manifest, body)
    assert caught.value.digest == digest.of(missing)
    with database.read() as connection:
        for table in ("images", "image_layers", "image_children", "tags"):
            assert connection.execute(select(metadata.tables[table])).all() == []


def test_a_blob_of_another_repository_is_missing_until_it_is_mounted(
    database: Database, repository: Repository, push: Push
) -> None:
    image = push(b"secret")
    with database.write() as connection:
        other = repositories.upsert(connection, repository.registry_id, f"{repository.registry_id}/other")
        assert image.config is not None
        body = b"{}"
        config = Descriptor(CONFIG, image.config.digest, image.config.size)
        manifest = Manifest(MANIFEST, digest.of(body), len(body), config)
        with pytest.raises(images.MissingBlob):
            images.put(connection, other, manifest, body)
        blobs.link(connection, other.id, image.config.digest)
        assert images.put(connection, other, manifest, body).repository_id == other.id


def test_a_foreign_layer_may_be_missing_and_is_still_said(database: Database, repository: Repository) -> None:
    foreign = replace(described(b"windows", FOREIGN), urls=("https://mcr.microsoft.com/blob",))
    body = b"{}"
    manifest = Manifest(MANIFEST, digest.of(body), len(body), described(b"config", CONFIG), (foreign,))
    with database.write() as connection:
        blobs.add(connection, digest.of(b"config"), 6)
        blobs.link(connection, repository.id, digest.of(b"config"))
        image = images.put(connection, repository, manifest, body)
    assert image.layers == (Blob("", foreign.digest, 7),)


def test_a_manifest_of_ten_thousand_layers_is_put(database: Database, repository: Repository) -> None:
    """More than the parameters of one statement on either engine."""
    body = b"{}"
    layers = tuple(
        replace(described(str(number).encode(), FOREIGN), urls=("https://example.com",))
        for number in range(10_000)
    )
    manifest = Manifest(MANIFEST, digest.of(body), len(body), described(b"config", CONFIG), layers)
    with database.write() as connection:
        blobs.add(connection, digest.of(b"config"), 6)
        blobs.link(connection, repository.id, digest.of(b"config"))
        image = images.put(connection, repository, manifest, body)
    assert [layer.digest for layer in image.layers] == [layer.digest for layer in layers]


def test_an_index_names_its_images_in_order(database: Database, repository: Repository, push: Push) -> None:
    amd64, arm64 = push(b"amd64", tag="amd64"), push(b"arm64")
    manifest, body = index_of(arm64, amd64, arm64)
    with database.write() as connection:
        index = images.put(connection, repository, manifest, body)
        images.tag(connection, index, "latest")
        assert images.children(connection, index) == [arm64, amd64, arm64]
        assert images.children(connection, amd64) == []
    assert (index.config, index.layers, index.compressed_size) == (None, (), 0)


def test_an_index_with_a_missing_image_is_refused(
    database: Database, repository: Repository, push: Push
) -> None:
    there = push(b"amd64")
    manifest, body = index_of(there, replace(there, digest=digest.of(b"arm64")))
    with database.write() as connection:
        with pytest.raises(images.MissingBlob) as caught:
            images.put(connection, repository, manifest, body)
        assert images.by_digest(connection, repository.id, manifest.digest) is None
    assert caught.value.digest == digest.of(b"arm64")


def test_a_tag_moves_in_one_step(database: Database, repository: Repository, push: Push) -> None:
    old, new = push(b"old", tag="latest"), push(b"new")
    with database.write() as connection:
        images.tag(connection, new, "latest")
    with database.read() as connection:
        found = images.by_tag(connection, repository.id, "latest")
        assert found is not None
        assert found.id == new.id
        without = images.get(connection, old.id)
        assert without is not None
        assert without.tags == ()
        assert connection.scalar(select(func.count()).select_from(tags)) == 1


def test_a_move_that_is_rolled_back_leaves_the_tag_where_it_was(
    database: Database, repository: Repository, push: Push
) -> None:
    old, new = push(b"old", tag="latest"), push(b"new")
    with pytest.raises(NotFound), database.write() as connection:  # noqa: PT012 - the move, then the failure
        images.tag(connection, new, "latest")
        images.body(connection, "crpnone")
    with database.read() as connection:
        assert images.by_tag(connection, repository.id, "latest") == old


def test_the_time_of_modification_is_that_of_the_last_move_of_a_tag(
    database: Database, repository: Repository, push: Push
) -> None:
    first, second = push(b"1", tag="a"), push(b"2", tag="b")
    by_modification = Page(order=(("last_modified", True),))
    long_ago = now() - timedelta(days=1)
    with database.write() as connection:
        connection.execute(images_table.update().values(last_modified=long_ago))
        images.tag(connection, second, "b")  # where it is already: no move
        modified = connection.scalars(select(images_table.c.last_modified)).all()
        assert modified == [long_ago, long_ago]
        images.tag(connection, first, "b")
        found = images.page(connection, repository_name=repository.name, page=by_modification)
    assert [image.id for image in found] == [first.id, second.id]


def test_untagging_leaves_the_image(database: Database, repository: Repository, push: Push) -> None:
    image = push(b"base", tag="latest")
    with database.write() as connection:
        assert images.untag(connection, repository.id, "latest")
        assert not images.untag(connection, repository.id, "latest")
        assert images.get(connection, image.id) == replace(image, tags=())


def test_tags_are_listed_in_lexical_order_and_in_pages(
    database: Database, repository: Repository, push: Push
) -> None:
    names = ["1.10", "1.9", "V2", "latest", "v1", "v1-rc", "v1.0", "v1_0"]
    image = push(b"base")
    with database.write() as connection:
        for name in reversed(names):
            images.tag(connection, image, name)
    with database.read() as connection:
        assert images.tags(connection, repository.id) == sorted(names)
        assert images.tags(connection, repository.id, limit=3) == ["1.10", "1.9", "V2"]
        assert images.tags(connection, repository.id, after="V2", limit=2) == ["latest", "v1"]
        assert images.tags(connection, repository.id, after="nothing like it") == sorted(names)[4:]
        assert images.tags(connection, repository.id, after="z") == []


def test_images_are_listed_by_repository_registry_and_folder(
    database: Database, repository: Repository, push: Push
) -> None:
    with database.write() as connection:
        other = repositories.upsert(connection, repository.registry_id, f"{repository.registry_id}/a")
        registries.add(connection, Registry("crp3", "another", "test", now()))
        foreign = repositories.upsert(connection, "crp3", "crp3/web")
    here, beside, elsewhere = push(b"1"), push(b"2", to=other), push(b"3", to=foreign)
    with database.read() as connection:

        def listed(**where: str) -> set[str]:
            return {image.id for image in images.page(connection, **where, page=Page())}

        assert listed(repository_name=repository.name) == {here.id}
        assert listed(registry_id=repository.registry_id) == {here.id, beside.id}
        assert listed(folder_id="another") == {elsewhere.id}
        assert listed() == {here.id, beside.id, elsewhere.id}
        assert listed(registry_id="crp3", folder_id="b1gfolder") == set()
        by_name = images.page(connection, page=Page(order=(("name", False), ("digest", False))))
    assert [image.name for image in by_name] == sorted([repository.name, other.name, foreign.name])


def test_a_page_of_images_costs_four_queries(database: Database, push: Push) -> None:
    pushed = [push(str(number).encode(), b"base", tag=f"v{number}") for number in range(20)]
    with database.read() as connection, counted(connection) as statements:
        found = images.page(connection, page=Page())
    assert {image.id for image in found} == {image.id for image in pushed}
    assert all(len(image.layers) == 2 and len(image.tags) == 1 for image in found)
    assert len(statements) == 4


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection, "before_cursor_execute", note)


def test_a_deleted_image_takes_its_tags_and_scans_along_and_leaves_its_blobs(
    database: Database, repository: Repository, push: Push
) -> None:
    image = push(b"base", tag="latest")
    scan = ScanResult(ids.new(ids.SCAN_RESULT), image.id, ScanStatus.RUNNING, now())
    with database.write() as connection:
        scans.add(connection, scan)
        assert images.delete(connection, image.id)
        assert not images.delete(connection, image.id)
        assert images.tags(connection, repository.id) == []
        assert scans.get(connection, scan.id) is None
        assert blobs.linked(connection, repository.id, digest.of(b"base")) is not None


def test_an_image_of_an_index_is_deleted_after_the_index(
    database: Database, repository: Repository, push: Push
) -> None:
    child = push(b"amd64")
    with database.write() as connection:
        index = images.put(connection, repository, *index_of(child))
        with pytest.raises(Exists, match=index.id):
            images.delete(connection, child.id)
        assert images.delete(connection, index.id)
        assert images.delete(connection, child.id)


def test_a_registry_with_an_index_can_be_deleted_as_a_whole(
    database: Database, repository: Repository, push: Push
) -> None:
    child = push(b"amd64", tag="latest")
    with database.write() as connection:
        images.put(connection, repository, *index_of(child))
        connection.execute(metadata.tables["registries"].delete())
        assert connection.execute(select(images_table.c.id)).all() == []

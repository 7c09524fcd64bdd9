"""Rows with the ids and times that they had elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from careen.errors import Exists
from careen.model import digest, ids
from careen.model.finding import Finding
from careen.model.manifest import Descriptor, Manifest
from careen.model.package import Package
from careen.model.policy import DryRun, LifecyclePolicy, LifecycleRule, PolicyStatus
from careen.model.registry import Blob, Image, Registry, Repository, ScanResult, ScanStatus
from careen.model.severity import Counts, Severity
from careen.store import blobs, images, lifecycle, registries, repositories, restoring, scans
from careen.store.database import Database
from careen.store.paging import Page
from careen.store.taken import taken

LONG_AGO = datetime(2023, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

Push = Callable[..., Image]


def described(data: bytes, media_type: str = LAYER) -> Descriptor:
    return Descriptor(media_type, digest.of(data), len(data))


def blob(data: bytes) -> Blob:
    return Blob(ids.new(), digest.of(data), len(data))


def image_of(repository: Repository, *layers: Blob) -> tuple[Image, Manifest, bytes]:
    config = blob(b"{}")
    body = repr(layers).encode()
    manifest = Manifest(
        MANIFEST,
        digest.of(body),
        len(body),
        config=Descriptor(CONFIG, config.digest, config.size),
        layers=tuple(Descriptor(LAYER, each.digest, each.size) for each in layers),
    )
    image = Image(
        ids.new(),
        repository.id,
        repository.name,
        manifest.digest,
        MANIFEST,
        len(body),
        LONG_AGO,
        config,
        layers,
        ("v1",),
    )
    return image, manifest, body


def put(database: Database, image: Image, manifest: Manifest, body: bytes, *here: Blob) -> None:
    with database.write() as connection:
        for each in here:
            restoring.put_blob(connection, each)
        restoring.put_image(connection, image, manifest, body, [])
        wanted = dict.fromkeys(image.tags, image.id)
        restoring.put_tags(connection, image.repository_id, wanted, {image.id})


def test_registries_and_repositories_keep_ids_and_times_and_are_brought_up_to_date(
    database: Database,
) -> None:
    registry = Registry(ids.new(), "b1gfolder", "prod", LONG_AGO, {"team": "shop"})
    repository = Repository(ids.new(), registry.id, f"{registry.id}/web", LONG_AGO)
    renamed = replace(registry, name="other", labels={})
    with database.write() as connection:
        for _ in range(2):
            restoring.put_registry(connection, registry)
            restoring.put_repository(connection, repository)
        assert registries.get(connection, registry.id) == registry
        assert repositories.get(connection, repository.id) == repository
        restoring.put_registry(connection, renamed)
        assert registries.get(connection, registry.id) == renamed


def test_an_image_keeps_its_id_its_time_its_tags_and_the_ids_of_its_blobs(
    database: Database, repository: Repository
) -> None:
    image, manifest, body = image_of(repository, blob(b"one"), blob(b"two"))
    assert image.config
    for _ in range(2):
        put(database, image, manifest, body, image.config, *image.layers)
        with database.read() as connection:
            assert images.get(connection, image.id) == image
            assert images.body(connection, image.id) == body
            assert restoring.incomplete(connection, repository.registry_id) == set()


def test_an_index_that_lacked_an_image_has_it_when_that_is_restored(
    database: Database, repository: Repository
) -> None:
    image, manifest, body = image_of(repository, blob(b"one"))
    named = Descriptor(MANIFEST, manifest.digest, len(body))
    index = Manifest(INDEX, digest.of(b"index"), 5, children=(named,))
    with database.write() as connection:
        stored = images.put(connection, repository, index, b"index", sparse=True)
    put(database, image, manifest, body, *image.layers)
    with database.write() as connection, pytest.raises(Exists):
        images.delete(connection, image.id)
    with database.write() as connection:
        restoring.put_image(connection, stored, index, b"index", [image.id])
        assert images.delete(connection, stored.id)
        assert images.delete(connection, image.id)


def test_an_image_shows_the_ids_that_its_blobs_had_though_the_blobs_are_here_under_others(
    database: Database, repository: Repository, push: Push
) -> None:
    push(b"one")
    image, manifest, body = image_of(repository, blob(b"one"))
    assert image.config
    put(database, image, manifest, body, image.config, *image.layers)
    with database.read() as connection:
        assert images.get(connection, image.id) == image
        own = blobs.get(connection, digest.of(b"one"))
        assert own is not None
        assert own.id != image.layers[0].id


def test_an_image_without_some_of_its_blobs_shows_them_and_is_completed_later(
    database: Database, repository: Repository
) -> None:
    one, two = blob(b"one"), blob(b"two")
    image, manifest, body = image_of(repository, one, two)
    put(database, image, manifest, body, one)
    with database.read() as connection:
        assert images.get(connection, image.id) == image
        assert restoring.incomplete(connection, repository.registry_id) == {image.id}
    assert image.config
    put(database, image, manifest, body, image.config, two)
    with database.read() as connection:
        assert images.get(connection, image.id) == image
        assert restoring.incomplete(connection, repository.registry_id) == set()


def test_a_tag_that_somebody_has_moved_here_stays(
    database: Database, repository: Repository, push: Push
) -> None:
    image, manifest, body = image_of(repository)
    pushed = push(b"base", tag="v1")
    put(database, image, manifest, body)
    with database.read() as connection:
        tagged = images.by_tag(connection, repository.id, "v1")
    assert tagged is not None
    assert tagged.id == pushed.id


def test_a_tag_moves_between_images_that_came_from_there(database: Database, repository: Repository) -> None:
    first, manifest, body = image_of(repository, blob(b"one"))
    put(database, first, manifest, body)
    second, manifest, body = image_of(repository, blob(b"two"))
    put(database, replace(second, tags=()), manifest, body)
    with database.write() as connection:
        restoring.put_tags(connection, repository.id, {"v1": second.id}, {first.id, second.id})
        moved = images.by_tag(connection, repository.id, "v1")
    assert moved is not None
    assert moved.id == second.id


def test_a_scan_that_has_ended_keeps_its_findings_in_their_order(
    database: Database, repository: Repository
) -> None:
    image, manifest, body = image_of(repository)
    put(database, image, manifest, body)
    counts = Counts.of([Severity.HIGH, Severity.LOW])
    scan = ScanResult(ids.new("che"), image.id, ScanStatus.READY, LONG_AGO, LONG_AGO, counts)
    package = Package("openssl", "3.0.11-1", "", "dpkg", "")
    found = [
        Finding(name, (), severity, package, "3.0.12", "os", "debian", "https://example.com")
        for name, severity in (("CVE-2", Severity.HIGH), ("CVE-1", Severity.LOW))
    ]
    for _ in range(2):
        with database.write() as connection:
            restoring.put_scan(connection, scan, found)
    with database.read() as connection:
        assert scans.get(connection, scan.id) == scan
        assert scans.last(connection, image.id) == scan
        kept = scans.findings(connection, scan.id, page=Page())
    assert [(each.id, each.severity, each.fixed_by) for _, each in kept] == [
        ("CVE-2", Severity.HIGH, "3.0.12"),
        ("CVE-1", Severity.LOW, "3.0.12"),
    ]


def test_a_dry_run_names_those_of_its_images_that_are_here(
    database: Database, repository: Repository, push: Push
) -> None:
    image = push(b"base")
    rule = LifecycleRule(untagged=True, retained_top=1)
    policy = LifecyclePolicy(ids.new(), repository.id, "", "", PolicyStatus.ACTIVE, (rule,), LONG_AGO)
    run = DryRun(ids.new(), policy.id, LONG_AGO, 2)
    with database.write() as connection:
        lifecycle.add(connection, policy)
        for _ in range(2):
            restoring.put_dry_run(connection, run, [image.id, ids.new()])
        assert lifecycle.dry_run(connection, run.id) == run
        assert [each.id for each in lifecycle.affected_page(connection, run.id, Page())] == [image.id]


def test_ids_that_are_taken_are_told_with_what_has_them(
    database: Database, repository: Repository, push: Push
) -> None:
    image = push(b"base")
    wanted = [repository.registry_id, repository.id, image.id, image.layers[0].id, ids.new()]
    with database.read() as connection:
        assert sorted(taken(connection, wanted)) == sorted(
            [
                (repository.registry_id, "registries"),
                (repository.id, "repositories"),
                (image.id, "images"),
                (image.layers[0].id, "blobs"),
            ]
        )

"""What refers to a manifest, also where that was pushed before anybody kept account of it."""

import json
from collections.abc import Callable

from sqlalchemy import Connection, MetaData

from careen.model import digest
from careen.model.manifest import Descriptor, Manifest, Referral
from careen.model.registry import Image, Repository
from careen.store import blobs, images, referrers
from careen.store.columns import now
from careen.store.database import Database
from careen.store.referrers import Referrer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SUBJECT = digest.of(b"what it is about")
OTHER = digest.of(b"something else")


def put(database: Database, repository: Repository, subject: str, artifact_type: str, note: str) -> Image:
    body = json.dumps([subject, artifact_type, note]).encode()
    referral = Referral(digest.parse(subject), artifact_type, {"note": note})
    config = Descriptor(EMPTY, digest.of(b"{}"), 2)
    manifest = Manifest(MANIFEST, digest.of(body), len(body), config, referral=referral)
    with database.write() as connection:
        blobs.add(connection, config.digest, 2)
        blobs.link(connection, repository.id, config.digest)
        return images.put(connection, repository, manifest, body)


def listed(database: Database, repository: Repository, artifact_type: str = "") -> list[Referrer]:
    with database.read() as connection:
        return list(
            referrers.page(connection, repository.id, SUBJECT, artifact_type=artifact_type, limit=100)
        )


def test_what_refers_to_a_digest_is_listed_with_its_type_and_annotations(
    database: Database, repository: Repository
) -> None:
    signature = put(database, repository, SUBJECT, "application/signature", "one\ntwo")
    sbom = put(database, repository, SUBJECT, "application/sbom", "")
    put(database, repository, OTHER, "application/sbom", "")
    expected = [
        Referrer(MANIFEST, signature.digest, signature.size, "application/signature", {"note": "one\ntwo"}),
        Referrer(MANIFEST, sbom.digest, sbom.size, "application/sbom", {"note": ""}),
    ]
    assert listed(database, repository) == sorted(expected, key=lambda one: one.digest)
    assert listed(database, repository, "application/sbom") == [expected[1]]
    assert listed(database, repository, "application/none") == []


def test_a_list_goes_on_after_a_digest(database: Database, repository: Repository) -> None:
    for number in range(5):
        put(database, repository, SUBJECT, "x", str(number))
    whole = listed(database, repository)
    with database.read() as connection:
        for place, one in enumerate(whole):
            rest = referrers.page(connection, repository.id, SUBJECT, after=one.digest, limit=2)
            assert list(rest) == whole[place + 1 : place + 3]


def test_an_image_that_is_deleted_refers_to_nothing(database: Database, repository: Repository) -> None:
    signature = put(database, repository, SUBJECT, "x", "")
    with database.write() as connection:
        assert images.delete(connection, signature.id)
    assert listed(database, repository) == []


def test_what_refers_to_an_image_does_not_stand_by_itself_while_that_is_there(
    database: Database, repository: Repository, push: Callable[..., Image]
) -> None:
    image = push(b"signed", tag="v1")
    signature = put(database, repository, image.digest, "application/signature", "")
    stray = put(database, repository, OTHER, "application/signature", "")

    def standing() -> set[str]:
        with database.read() as connection:
            return {one.id for one in images.candidates(connection, repository.id)}

    assert standing() == {image.id, stray.id}
    with database.write() as connection:
        images.delete(connection, image.id)
    assert standing() == {signature.id, stray.id}


def row(connection: Connection, tables: MetaData, table: str, **values: object) -> None:
    connection.execute(tables.tables[table].insert().values(values))


def image_row(name: str, body: bytes) -> dict[str, object]:
    ids = {"id": name, "registry_id": "r", "repository_id": "p", "config_id": "b"}
    facts = {"digest": digest.of(body), "media_type": MANIFEST, "size": len(body), "body": body}
    return {**ids, **facts, "created_at": 0, "last_modified": 0}


def test_what_was_pushed_to_an_older_version_is_found(
    empty_database_url: str, upgrade_to: Callable[[Database, str], None]
) -> None:
    database = Database(empty_database_url)
    upgrade_to(database, "0004")
    subject = {"mediaType": MANIFEST, "digest": SUBJECT, "size": 1}
    config = {"mediaType": EMPTY, "digest": digest.of(b"{}"), "size": 2}
    bodies = {
        "plain": {"config": config},
        "null": {"config": config, "subject": None},
        "signature": {"config": config, "subject": subject, "annotations": {"a": "b", "c": 1}},
        "index": {"manifests": [], "subject": subject},
        "sbom": {"config": config, "subject": subject, "artifactType": "application/sbom"},
    }
    with database.write() as connection:
        tables = MetaData()
        tables.reflect(connection)
        row(connection, tables, "registries", id="r", folder_id="f", name="n", created_at=0, labels={})
        row(connection, tables, "repositories", id="p", registry_id="r", name="r/x", created_at=0)
        row(connection, tables, "blobs", id="b", digest=digest.of(b"{}"), size=2, created_at=7000)
        row(connection, tables, "repository_blobs", repository_id="p", blob_id="b")
        for name, document in bodies.items():
            row(connection, tables, "images", **image_row(name, json.dumps(document).encode()))
    database.upgrade()
    repository = Repository("p", "r", "r/x", now())
    facts = {one.size: (one.artifact_type, dict(one.annotations)) for one in listed(database, repository)}
    assert sorted(facts.values()) == [("", {}), ("application/sbom", {}), (EMPTY, {"a": "b"})]
    with database.read() as connection:
        touched = blobs.last_touched(connection, "p", digest.of(b"{}"))
        assert touched is not None
        assert touched.timestamp() == 7
    database.close()

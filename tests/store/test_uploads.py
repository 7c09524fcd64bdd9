from datetime import timedelta

from careen.model import digest
from careen.model.registry import Repository
from careen.store import blobs, repositories, uploads
from careen.store.columns import now
from careen.store.database import Database

EMPTY_JSON = digest.parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")


def test_an_upload_advances_and_is_seen_in_its_repository_only(
    database: Database, repository: Repository
) -> None:
    with database.write() as connection:
        other = repositories.upsert(connection, repository.registry_id, f"{repository.registry_id}/other")
        upload_id = uploads.start(connection, repository.id)
        uploads.advance(connection, upload_id, 5 << 40)
    with database.read() as connection:
        upload = uploads.get(connection, upload_id, repository.id)
        assert upload is not None
        assert (upload.id, upload.repository_id, upload.offset) == (upload_id, repository.id, 5 << 40)
        assert uploads.get(connection, upload_id, other.id) is None
        assert uploads.ids(connection) == [upload_id]


def test_a_finished_upload_is_forgotten(database: Database, repository: Repository) -> None:
    with database.write() as connection:
        upload_id = uploads.start(connection, repository.id)
        uploads.finish(connection, upload_id)
        uploads.finish(connection, upload_id)
        assert uploads.get(connection, upload_id, repository.id) is None


def test_uploads_are_found_by_their_age(database: Database, repository: Repository) -> None:
    with database.write() as connection:
        upload_id = uploads.start(connection, repository.id)
        assert uploads.begun(connection, now() - timedelta(days=1)) == []
        assert uploads.begun(connection, now() + timedelta(seconds=1)) == [upload_id]


def test_a_blob_is_added_once(database: Database) -> None:
    with database.write() as connection:
        added = blobs.add(connection, EMPTY_JSON, 2)
        assert blobs.add(connection, EMPTY_JSON, 2) == added
        assert blobs.get(connection, EMPTY_JSON) == added
        assert blobs.get(connection, digest.of(b"none")) is None


def test_a_blob_is_visible_where_it_was_linked(database: Database, repository: Repository) -> None:
    with database.write() as connection:
        other = repositories.upsert(connection, repository.registry_id, f"{repository.registry_id}/other")
        added = blobs.add(connection, EMPTY_JSON, 2)
        assert blobs.linked(connection, repository.id, EMPTY_JSON) is None
        blobs.link(connection, repository.id, EMPTY_JSON)
        blobs.link(connection, repository.id, EMPTY_JSON)
        assert blobs.linked(connection, repository.id, EMPTY_JSON) == added
        assert blobs.linked(connection, other.id, EMPTY_JSON) is None


def test_what_is_no_blob_cannot_be_linked(database: Database, repository: Repository) -> None:
    with database.write() as connection:
        assert not blobs.link(connection, repository.id, EMPTY_JSON)
        assert blobs.linked(connection, repository.id, EMPTY_JSON) is None

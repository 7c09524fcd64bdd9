"""What a lifecycle policy deletes is in the audit log."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from careen.app.policy_events import Recorded
from careen.audit import trail
from careen.model import digest, ids
from careen.model.manifest import Descriptor, Manifest
from careen.model.registry import Image, Registry
from careen.store import blobs, images, registries, repositories
from careen.store.database import Database

CONFIG = digest.of(b"{}")


@pytest.fixture
def image(sqlite_database: Database) -> Image:
    registry = Registry(ids.new(), "b1g", "", datetime(2026, 11, 26, tzinfo=UTC))
    described = Descriptor("application/vnd.oci.image.config.v1+json", CONFIG, 2)
    manifest = Manifest("application/vnd.oci.image.manifest.v1+json", digest.of(b"body"), 4, described, ())
    with sqlite_database.write() as connection:
        registries.add(connection, registry)
        repository = repositories.upsert(connection, registry.id, f"{registry.id}/app")
        blobs.add(connection, CONFIG, 2)
        blobs.link(connection, repository.id, CONFIG)
        made = images.put(connection, repository, manifest, b"body")
        images.tag(connection, made, "old")
    return made


def test_a_deletion_is_told_and_one_that_was_rolled_back_is_not(
    sqlite_database: Database, image: Image, tmp_path: Path
) -> None:
    path = tmp_path / "audit.jsonl"
    fails = True

    def work() -> None:
        with sqlite_database.write() as connection:
            images.delete(connection, image.id)
            if fails:
                raise ValueError("a fault of ours")

    recorded = Recorded(sqlite_database, trail.opened(str(path)))
    with pytest.raises(ValueError, match="fault"), recorded():
        work()
    assert path.read_text() == ""
    fails = False
    with recorded():
        work()
    (event,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert event["event_type"].endswith(".DeleteImage")
    assert event["authentication"]["subject_id"] == "lifecycle-policy"
    assert (event["details"]["image_id"], event["details"]["tags"]) == (image.id, ["old"])

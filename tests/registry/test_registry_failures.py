"""What a client hears when the fault is ours."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
import structlog
from sqlalchemy import text

from careen.model.registry import Image
from careen.store.database import Database

MANIFEST = "application/vnd.oci.image.manifest.v1+json"

Refused = Callable[..., dict[str, str]]


def fail(image: Image) -> None:
    raise ValueError(f"the password is {image.name}")


@pytest.fixture
def server(
    sqlite_database: Database, serve: Callable[..., AbstractContextManager[object]]
) -> Iterator[object]:
    """Whose announcements of images fail."""
    with serve(sqlite_database, images_arrived=fail) as started:
        yield started


def test_an_unexpected_failure_is_logged_and_not_told(
    http: httpx.Client, name: str, manifest_of: Callable[..., bytes], refused: Refused
) -> None:
    body = manifest_of(b"layer")
    with structlog.testing.capture_logs() as logged:
        answer = http.put(f"/{name}/manifests/v1", content=body, headers={"Content-Type": MANIFEST})
    assert refused(answer, 500, "UNKNOWN") == {}
    assert "password" not in answer.text
    (failure,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert isinstance(failure["exc_info"], ValueError)


def test_a_database_that_fails_is_said_without_its_words(
    http: httpx.Client,
    name: str,
    sqlite_database: Database,
    push_blob: Callable[..., str],
    refused: Refused,
) -> None:
    push_blob(b"x")
    with sqlite_database.write() as connection:
        connection.execute(text("DROP TABLE tags"))
    answer = http.get(f"/{name}/tags/list")
    refused(answer, 503, "UNAVAILABLE")
    assert "table" not in answer.text


def test_a_blob_whose_bytes_are_lost_can_be_pushed_again(
    http: httpx.Client, name: str, push_blob: Callable[..., str], tmp_path: Path, refused: Refused
) -> None:
    digest = push_blob(b"lost and found")
    (stored,) = (tmp_path / "blobs" / "sha256").glob("*/*")
    stored.unlink()
    refused(http.get(f"/{name}/blobs/{digest}"), 404, "BLOB_UNKNOWN")
    assert push_blob(b"lost and found") == digest
    assert http.get(f"/{name}/blobs/{digest}").content == b"lost and found"

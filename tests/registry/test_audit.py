"""What pushes and deletes leave in the audit log."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from careen.audit import trail
from careen.auth import accounts, iam_tokens
from careen.auth.authentication import Authentication
from careen.model.access import SubjectType
from careen.store.columns import now
from careen.store.database import Database

MANIFEST = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def server(
    sqlite_database: Database, serve: Callable[..., AbstractContextManager[Any]], log: Path
) -> Iterator[Any]:
    with serve(sqlite_database, trail=trail.opened(str(log))) as started:
        yield started


def told(log: Path) -> list[tuple[str, Any]]:
    """Names and details."""
    found = [json.loads(line) for line in log.read_text().splitlines()]
    assert {each["event_status"] for each in found} <= {"DONE"}
    log.write_text("")
    return [(each["event_type"].rpartition(".")[2], each["details"]) for each in found]


def test_a_tag_that_moves_is_told_as_yandex_tells_it(
    http: httpx.Client, server: Any, log: Path, manifest_of: Callable[..., bytes]
) -> None:
    path = f"/{server.name}/manifests/v1"
    first = http.put(path, content=manifest_of(b"one"), headers=MANIFEST).headers["docker-content-digest"]
    pushed = told(log)
    assert [name for name, _ in pushed] == ["CreateRepository", "CreateImage", "CreateImageTag"]
    assert pushed[1][1]["image_digest"] == first
    assert pushed[1][1]["tags"] == ["v1"]
    assert pushed[1][1]["repository_name"] == server.name
    second = http.put(path, content=manifest_of(b"two"), headers=MANIFEST).headers["docker-content-digest"]
    moved = told(log)
    assert [(name, details["image_digest"]) for name, details in moved] == [
        ("CreateImage", second),
        ("DeleteImageTag", first),
        ("CreateImageTag", second),
    ]
    assert http.put(path, content=manifest_of(b"two"), headers=MANIFEST).status_code == 201
    assert told(log) == []  # nothing changed


def test_deletes_of_tags_and_images_are_told(
    http: httpx.Client, server: Any, log: Path, manifest_of: Callable[..., bytes]
) -> None:
    path = f"/{server.name}/manifests"
    digest = http.put(f"{path}/v1", content=manifest_of(b"one"), headers=MANIFEST).headers[
        "docker-content-digest"
    ]
    http.put(f"{path}/v2", content=manifest_of(b"one"), headers=MANIFEST)
    log.write_text("")
    assert http.delete(f"{path}/v1").status_code == 202
    assert http.delete(f"{path}/{digest}").status_code == 202
    (untagged, gone) = told(log)
    assert (untagged[0], untagged[1]["tag"]) == ("DeleteImageTag", "v1")
    assert (gone[0], gone[1]["tags"], gone[1]["image_digest"]) == ("DeleteImage", ["v2"], digest)


def test_what_is_refused_as_wrong_changes_nothing_and_tells_nothing(
    http: httpx.Client, server: Any, log: Path
) -> None:
    assert http.put(f"/{server.name}/manifests/v1", content=b"{}", headers=MANIFEST).status_code == 400
    assert http.get(f"/{server.name}/tags/list").status_code == 404
    assert told(log) == []


def test_a_push_is_refused_while_it_cannot_be_written_down(
    http: httpx.Client, server: Any, log: Path, manifest_of: Callable[..., bytes]
) -> None:
    path, body = f"/{server.name}/manifests", manifest_of(b"one")
    log.unlink()
    log.symlink_to("/dev/full")
    assert http.put(f"{path}/v1", content=body, headers=MANIFEST).status_code == 201
    assert http.put(f"{path}/v2", content=body, headers=MANIFEST).status_code == 503
    assert http.get(f"{path}/v1").status_code == 200
    log.unlink()
    assert http.put(f"{path}/v2", content=body, headers=MANIFEST).status_code == 201
    assert [name for name, _ in told(log)] == ["CreateImage", "CreateImageTag", "CreateImageTag"]


def test_a_push_by_somebody_who_may_not_is_told(
    sqlite_database: Database, serve: Callable[..., AbstractContextManager[Any]], log: Path
) -> None:
    """Who brings nothing only asks for a token, as every client does first."""
    given = {
        "trail": trail.opened(str(log)),
        "authentication": Authentication(sqlite_database, enforced=True),
    }
    with sqlite_database.write() as connection:
        account = accounts.make(connection, "guest", SubjectType.SERVICE, now())
        token = iam_tokens.issue(connection, account.id, now()).text
    with (
        serve(sqlite_database, **given) as server,
        httpx.Client(base_url=f"http://{server.address}/v2", trust_env=False) as http,
    ):
        for header in ("", "Bearer wrong", f"Bearer {token}"):
            headers = {"Authorization": header} if header else {}
            http.post(f"/{server.name}/blobs/uploads/", headers=headers)
            http.get(f"/{server.name}/manifests/v1", headers=headers)
        http.delete(f"/{server.name}/manifests/v1", headers=headers)
    found = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(each["event_type"].rpartition(".")[2], each["error"]["code"]) for each in found] == [
        ("CreateImage", 16),
        ("CreateImage", 7),
        ("DeleteImage", 7),
    ]
    assert found[1]["authentication"]["subject_name"] == "guest"
    assert found[1]["details"] == {"registry_id": server.registry_id, "repository_name": server.name}
    assert {each["authorization"]["authorized"] for each in found} == {False}

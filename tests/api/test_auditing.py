"""Which calls of the API are written down, and how."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from careen.api.auditing import EVENTS
from careen.api.methods import METHODS
from careen.model.access import Resource, ResourceKind

CR = "yandex.cloud.containerregistry.v1"
# Methods that neither change anything nor scan.
READS = {"Get", "List", "GetByName", "GetByRegistry", "GetLast", "GetDryRunResult"}


def events(world: Any) -> list[Any]:
    return [json.loads(line) for line in world.audit.read_text().splitlines()]


def brief(event: Any) -> tuple[str, str]:
    return event["event_type"].removeprefix("yandex.cloud.audit."), event["event_status"]


def test_every_method_that_changes_something_has_an_event() -> None:
    silent = {name for name in METHODS if name not in EVENTS}
    assert {
        name.rpartition(".")[2] for name in silent if not name.rpartition(".")[2].startswith("List")
    } <= READS


def test_a_change_is_told_with_who_where_and_what(guarded_world: Any) -> None:
    world = guarded_world
    account = world.account("boss", "admin")
    headers = {"authorization": world.token(account), "user-agent": "curl/8"}
    answer = world.http.post(
        "/container-registry/v1/registries", json={"folderId": "b1g", "name": "fresh"}, headers=headers
    )
    (event,) = events(world)
    registry_id = answer.json()["metadata"]["registryId"]
    assert brief(event) == ("containerregistry.CreateRegistry", "DONE")
    assert event["authentication"]["subject_id"] == account.id
    assert event["resource_metadata"]["path"][-1]["resource_id"] == registry_id
    assert event["details"] == {"registry_id": registry_id, "folder_id": "b1g", "cloud_id": "careen"}
    assert event["request_parameters"] == {"folder_id": "b1g", "name": "fresh"}
    assert event["response"] == {"operation_id": answer.json()["id"]}
    assert event["request_metadata"]["user_agent"] == "curl/8"
    assert event["request_metadata"]["request_id"] == answer.headers["x-request-id"]


def test_a_denial_is_told_at_both_doors(guarded_world: Any) -> None:
    world = guarded_world
    token = world.token(world.account("guest", "viewer"))
    method = METHODS[f"{CR}.ImageService.Delete"]
    with pytest.raises(grpc.RpcError):
        world.invoke(method.full_name, method.request(image_id=world.image.id), token)
    world.http.delete(f"/container-registry/v1/images/{world.image.id}", headers={"authorization": token})
    world.http.delete(f"/container-registry/v1/images/{world.image.id}")
    world.http.delete(
        f"/container-registry/v1/images/{world.image.id}", headers={"authorization": "Bearer x"}
    )
    found = events(world)
    assert [brief(each) for each in found] == [("containerregistry.DeleteImage", "ERROR")] * 4
    assert [each["error"]["code"] for each in found] == [7, 7, 16, 16]
    assert [each["authorization"]["authorized"] for each in found] == [False] * 4
    assert [each["authentication"]["authenticated"] for each in found] == [True, True, False, False]
    assert found[0]["details"]["repository_id"] == world.repository.id


def test_strangers_cannot_fill_the_disk(guarded_world: Any) -> None:
    for _ in range(30):
        guarded_world.http.delete(f"/container-registry/v1/images/{guarded_world.image.id}")
    assert [brief(each) for each in events(guarded_world)] == [
        ("containerregistry.DeleteImage", "ERROR")
    ] * 20


def test_a_deleted_image_is_told_with_its_tags(guarded_world: Any) -> None:
    world = guarded_world
    token = world.token(world.account("boss", "editor"))
    world.http.delete(f"/container-registry/v1/images/{world.image.id}", headers={"authorization": token})
    (event,) = events(world)
    assert brief(event) == ("containerregistry.DeleteImage", "DONE")
    assert event["details"] == {
        "registry_id": world.registry.id,
        "image_id": world.image.id,
        "repository_name": world.repository.name,
        "image_digest": world.image.digest,
        "tags": ["latest"],
    }


def test_a_scan_begins_and_ends_with_an_event(guarded_world: Any) -> None:
    world = guarded_world
    account = world.account("scanner", "container-registry.images.scanner")
    answer = world.http.post(
        "/container-registry/v1/scans",
        json={"imageId": world.image.id},
        headers={"authorization": world.token(account)},
    )
    (event,) = events(world)
    assert brief(event) == ("containerregistry.ScanImage", "STARTED")
    assert event["details"]["scan_result_id"] == answer.json()["metadata"]["scanResultId"]


def test_reading_leaves_no_trace(guarded_world: Any) -> None:
    world = guarded_world
    on = Resource(ResourceKind.REGISTRY, world.registry.id)
    token = world.token(world.account("guest", "viewer", on))
    path = f"/container-registry/v1/registries/{world.registry.id}"
    assert world.http.get(path, headers={"authorization": token}).is_success
    assert events(world) == []


def test_nothing_is_changed_that_cannot_be_written_down(guarded_world: Any) -> None:
    """The first change is made and waits for room; the second is not made."""
    world = guarded_world
    headers = {"authorization": world.token(world.account("boss", "editor"))}
    world.audit.unlink(missing_ok=True)
    Path(world.audit).symlink_to("/dev/full")
    registry = f"/container-registry/v1/registries/{world.registry.id}"
    assert world.http.patch(registry, json={"name": "first"}, headers=headers).is_success
    refused = world.http.patch(registry, json={"name": "second"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (503, 14)
    assert world.http.get(registry, headers=headers).json()["name"] == "first"
    world.audit.unlink()
    assert world.http.patch(registry, json={"name": "third"}, headers=headers).is_success
    told = [each["request_parameters"]["name"] for each in events(world)]
    assert told == ["first", "third"]

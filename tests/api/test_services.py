"""What the small services answer, and paths with names in them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from google.protobuf.json_format import MessageToDict

from careen.api import references

V1 = "/container-registry/v1"
IMAGES = "yandex.cloud.containerregistry.v1.ImageService"
ENDPOINTS = "yandex.cloud.endpoint.ApiEndpointService"


def test_a_registry_says_what_yandex_says(still_world: Any) -> None:
    registry = still_world.registry
    expected = {
        "id": registry.id,
        "folderId": "default",
        "name": "harbour",
        "status": "ACTIVE",
        "createdAt": "2026-11-22T10:00:00.123Z",
        "labels": {"team": "careen"},
    }
    assert still_world.http.get(f"{V1}/registries/{registry.id}").json() == expected
    listed = still_world.http.get(f"{V1}/registries", params={"folder_id": "default"})
    assert listed.json() == {"registries": [expected]}


def test_an_image_says_what_yandex_says(still_world: Any) -> None:
    image = still_world.image
    found = still_world.http.get(f"{V1}/images/{image.id}").json()
    config, *layers = [
        {"id": blob.id, "digest": blob.digest, "size": str(blob.size)}
        for blob in (image.config, *image.layers)
    ]
    assert found == {
        "id": image.id,
        "name": still_world.repository.name,
        "digest": image.digest,
        "compressedSize": str(image.config.size + 700 + 1300),
        "config": config,
        "layers": layers,
        "tags": ["latest"],
        "createdAt": found["createdAt"],
    }


def test_a_repository_is_found_by_its_name_with_slashes(still_world: Any) -> None:
    repository = still_world.repository
    expected = {"id": repository.id, "name": repository.name}
    assert still_world.http.get(f"{V1}/repositories/{repository.id}").json() == expected
    for name in (repository.name, quote(repository.name, safe="")):
        assert still_world.http.get(f"{V1}/repositories/{name}:byName").json() == expected
    unknown = still_world.http.get(f"{V1}/repositories/{repository.name}x:byName")
    assert unknown.json()["message"] == f"Repository {repository.name}x not found"


def test_discovery_leads_to_the_door_that_was_asked(still_world: Any) -> None:
    listed: Any = still_world.call(f"{ENDPOINTS}.List")
    addresses = {endpoint.id: endpoint.address for endpoint in listed.endpoints}
    assert {"container-registry", "operation", "iam", "endpoint", "resource-manager"} <= addresses.keys()
    assert set(addresses.values()) == {still_world.plaintext_address}
    first: Any = still_world.call(f"{ENDPOINTS}.Get", api_endpoint_id="iam")
    assert first.address == still_world.plaintext_address


def test_discovery_by_rest_leads_to_the_tls_door(still_world: Any) -> None:
    endpoints = still_world.http.get("/endpoints").json()["endpoints"]
    assert {each["address"] for each in endpoints} == {"localhost:8443"}
    ids = []
    query: dict[str, Any] = {"pageSize": 2}
    while "pageToken" not in query or query["pageToken"]:
        page = still_world.http.get("/endpoints", params=query).json()
        ids += [each["id"] for each in page["endpoints"]]
        query["pageToken"] = page.get("nextPageToken", "")
    assert ids == [each["id"] for each in endpoints]


def test_any_credential_is_given_a_token_for_half_a_day(still_world: Any) -> None:
    tokens = []
    for credential in ({"jwt": "any"}, {"yandexPassportOauthToken": "any"}):
        answer = still_world.http.post("/iam/v1/tokens", json=credential).json()
        tokens.append(answer["iamToken"])
        ends = time.mktime(time.strptime(answer["expiresAt"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        assert 11.9 < (ends - time.time()) / 3600 <= 12
    assert tokens[0] != tokens[1]
    assert all(token.startswith("t1.") for token in tokens)


def test_a_request_may_be_written_as_in_the_proto(still_world: Any) -> None:
    by_json = still_world.http.get(f"{V1}/images", params={"registryId": still_world.registry.id})
    by_proto = still_world.http.get(f"{V1}/images", params={"registry_id": still_world.registry.id})
    assert by_json.json() == by_proto.json()
    assert by_json.json()["images"]
    by_grpc = still_world.call(f"{IMAGES}.List", registry_id=still_world.registry.id)
    assert MessageToDict(by_grpc) == by_json.json()


def test_a_scan_may_be_posted_as_curl_posts_it(world: Any) -> None:
    content = json.dumps({"image_id": world.image.id})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = world.http.post(f"{V1}/scans", content=content, headers=headers)
    assert answer.json()["metadata"]["scanResultId"].startswith("che")


def test_many_callers_are_served_at_once(still_world: Any) -> None:
    image_id = still_world.image.id

    def ask(_: int) -> tuple[Any, Any]:
        by_grpc = still_world.call(f"{IMAGES}.Get", image_id=image_id)
        with httpx.Client(base_url=still_world.http.base_url, trust_env=False) as client:
            return MessageToDict(by_grpc), client.get(f"{V1}/images/{image_id}").json()

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(ask, range(80)))
    assert all(by_grpc == by_rest == answers[0][0] for by_grpc, by_rest in answers)


@pytest.mark.parametrize(
    "written",
    ["{}:", "{}@sha256:12", "/{}", "{}/", "{} ", "a:b@{}", "{}:t@x", "{}\n", "a.b/c.d/{}"],
)
def test_what_is_no_reference_finds_nothing(still_world: Any, written: str) -> None:
    with still_world.database.read() as connection:
        assert references.find(connection, still_world.repository.name) is not None
        assert references.find(connection, written.format(still_world.repository.name)) is None

"""Indexes and policies in a running server: what is pushed is scanned and deleted as the policies say."""

import hashlib
import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, type_coerce

from careen.store.database import Database
from careen.store.tables import scan_results

pytestmark = pytest.mark.e2e

V1 = "/container-registry/v1"
OCI = "application/vnd.oci.image"
KILLS = 3
OLD = b"P:busybox\nV:1.36.1-r0\no:busybox\n\n"


def alpine(installed: bytes, number: int = 0) -> dict[str, bytes]:
    return {
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n",
        "lib/apk/db/installed": installed,
        "number": str(number).encode(),
    }


@pytest.fixture
def own_server(new_server: Callable[..., Any]) -> Iterator[Any]:
    server = new_server(CAREEN_POLICIES_INTERVAL="1")
    server.start()
    yield server
    server.kill()


def eventually(found: Callable[[], Any], *, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def index_layout(make_layout: Callable[..., Path]) -> Path:
    """amd64 with an old busybox, arm64 with two of its packages old, and an attestation."""
    folder = make_layout(alpine(OLD))
    blobs = folder / "blobs" / "sha256"
    (amd64,) = json.loads((folder / "index.json").read_text())["manifests"]
    both = make_layout(alpine(OLD + OLD.replace(b"P:busybox", b"P:ssl_client"), 1))
    for blob in (both / "blobs" / "sha256").iterdir():
        (blobs / blob.name).write_bytes(blob.read_bytes())
    (arm64,) = json.loads((both / "index.json").read_text())["manifests"]

    def put(data: bytes, kind: str) -> dict[str, Any]:
        (blobs / hashlib.sha256(data).hexdigest()).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}

    statement = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": put(b'{"architecture":"unknown","os":"unknown"}', f"{OCI}.config.v1+json"),
        "layers": [put(b'{"_type":"https://in-toto.io/Statement/v0.1"}', "application/vnd.in-toto+json")],
    }
    attestation = put(json.dumps(statement).encode(), f"{OCI}.manifest.v1+json")
    children = [
        {**amd64, "platform": {"os": "linux", "architecture": "amd64"}},
        {**arm64, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {
            **attestation,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ]
    for child in children[:2]:
        child.pop("annotations")
    document = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": children}
    entry = put(json.dumps(document).encode(), f"{OCI}.index.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return folder


def push_index(server: Any, skopeo: Callable[..., None], layout: Path, path: str) -> str:
    name = f"{server.registry_id()}/{path}"
    target = f"docker://127.0.0.1:{server.http_port}/{name}:latest"
    skopeo("copy", "--all", "--dest-tls-verify=false", f"oci:{layout}", target)
    return name


def test_a_scan_of_an_index_scans_every_platform(
    server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    name = push_index(server, skopeo, index_layout(make_layout), "every/platform")
    operation = server.scan(f"{name}:latest")
    result = operation["response"]
    assert result["status"] == "READY"
    rows = server.vulnerabilities(result["id"])
    counts = {level: int(count) for level, count in result["vulnerabilities"].items()}
    assert sum(counts.values()) == len(rows) > 0
    with server.client() as http:
        assert http.get(f"{V1}/images/{result['imageId']}").json()["tags"] == ["latest"]
        answer = http.get(f"/careen/v1/scans/{result['id']}")
    assert {"x-request-id", "x-server-trace-id"} <= answer.headers.keys()
    report = answer.json()
    told = {(each["platform"], each["package"]) for each in report["findings"]}
    assert told == {
        ("linux/amd64", "busybox"),
        ("linux/arm64/v8", "busybox"),
        ("linux/arm64/v8", "ssl_client"),
    }
    assert len(report["findings"]) == len(rows)
    assert all(each["created_by"] == "step 0" for each in report["findings"])
    assert {each["message"].partition(":")[0] for each in report["problems"]} == {
        "linux/amd64",
        "linux/arm64/v8",
    }


def test_an_image_that_an_index_names_is_deleted_only_with_it(
    server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    name = push_index(server, skopeo, index_layout(make_layout), "whole/index")
    with server.client() as http:
        images = http.get(f"{V1}/images", params={"repositoryName": name}).json()["images"]
        assert len(images) == 4
        (index,) = [image for image in images if image.get("tags")]
        (part, *_) = [image for image in images if not image.get("tags")]
        assert http.delete(f"{V1}/images/{part['id']}").json()["code"] == 6
        assert http.delete(f"{V1}/images/{index['id']}").json()["done"]
        assert http.delete(f"{V1}/images/{part['id']}").json()["done"]


def create(server: Any, path: str, **body: Any) -> Any:
    with server.client() as http:
        operation = http.post(f"{V1}/{path}", json=body).raise_for_status().json()
    assert operation["done"], operation
    return operation["response"]


def statuses_of(server: Any, name: str) -> list[str]:
    """Of all scans of the image."""
    with server.client() as http:
        answer = http.get(f"{V1}/scans", params={"imageId": f"{name}:latest"}).raise_for_status()
    return [scan["status"] for scan in answer.json().get("scanResults", [])]


def tags_of(server: Any, name: str) -> set[str]:
    with server.client() as http:
        query = {"repositoryName": name, "pageSize": 1000}
        images = http.get(f"{V1}/images", params=query).json()["images"]
    return {tag for image in images for tag in image.get("tags", [])}


def test_a_secure_registry_scans_what_is_pushed_and_a_kill_prevents_it_not(
    own_server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    registry = create(own_server, "registries", folderId="default", secure=True)
    for number in range(4):
        name = f"{registry['id']}/app{number}"
        target = f"docker://127.0.0.1:{own_server.http_port}/{name}:latest"
        skopeo("copy", "--dest-tls-verify=false", f"oci:{make_layout(alpine(OLD, number))}", target)
        time.sleep(random.Random(number).uniform(0, 0.05))
        own_server.kill()
        own_server.start()
    for number in range(4):
        eventually(lambda: statuses_of(own_server, f"{registry['id']}/app{number}") == ["READY"], seconds=100)  # noqa: B023 - called at once
    time.sleep(3)  # rounds of the policies: nothing is due for seven days
    for number in range(4):
        assert statuses_of(own_server, f"{registry['id']}/app{number}") == ["READY"]


def test_a_lifecycle_policy_deletes_what_it_names_through_kills(
    own_server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    name = f"{own_server.registry_id()}/old/app"
    for number, tag in enumerate(["test-0", "test-1", "test-2", "test-3", "test-4", "release"]):
        target = f"docker://127.0.0.1:{own_server.http_port}/{name}:{tag}"
        skopeo("copy", "--dest-tls-verify=false", f"oci:{make_layout(alpine(OLD, number))}", target)
    with own_server.client() as http:
        repository = http.get(f"{V1}/repositories/{name}:byName").json()["id"]
    rules = [{"tagRegexp": "test.*", "retainedTop": "2"}]
    policy = create(own_server, "lifecyclePolicies", repositoryId=repository, status="DISABLED", rules=rules)
    dry = create(own_server, f"dryRunLifecyclePolicy/{policy['id']}")
    time.sleep(2)  # rounds of the policies: this one is disabled
    assert len(tags_of(own_server, name)) == 6
    with own_server.client() as http:
        change = {"updateMask": "status", "status": "ACTIVE"}
        http.patch(f"{V1}/lifecyclePolicies/{policy['id']}", json=change).raise_for_status()
    for _ in range(3):
        own_server.end(signal.SIGKILL)
        own_server.start()
    eventually(lambda: tags_of(own_server, name) == {"test-3", "test-4", "release"})
    with own_server.client() as http:
        path = f"{V1}/dryRunLifecyclePolicyResults/{dry['dryRunLifecyclePolicyResultId']}"
        assert http.get(path).json()["affectedImagesCount"] == "3"
        assert http.get(f"{path}:affectedImages").json() == {}


def put_all(server: Any, name: str, layout: Path, tags: list[str]) -> None:
    """An image for each tag; they share their blobs."""
    blobs = layout / "blobs" / "sha256"
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    own = entry["digest"].partition(":")[2]
    manifest = json.loads((blobs / own).read_text())
    with server.client() as http:
        for blob in blobs.iterdir():
            if blob.name != own:
                path = f"/v2/{name}/blobs/uploads/?digest=sha256:{blob.name}"
                http.post(path, content=blob.read_bytes()).raise_for_status()
        for tag in tags:
            content = json.dumps({**manifest, "annotations": {"tag": tag}})
            headers = {"content-type": entry["mediaType"]}
            http.put(f"/v2/{name}/manifests/{tag}", content=content, headers=headers).raise_for_status()


def deletions(server: Any) -> list[str]:
    """The ids of the images of which the audit log says that they were deleted."""
    events = [json.loads(line) for line in (server.data / "audit.jsonl").read_text().splitlines()]
    return [
        each["details"]["image_id"]
        for each in events
        if each["event_type"].endswith(".DeleteImage") and each["event_status"] == "DONE"
    ]


def test_a_run_that_is_killed_again_and_again_deletes_each_image_once(
    own_server: Any, make_layout: Callable[..., Path]
) -> None:
    name, tags = f"{own_server.registry_id()}/many/app", [f"test-{number:03}" for number in range(450)]
    put_all(own_server, name, make_layout(alpine(OLD)), [*tags, "release"])
    with own_server.client() as http:
        repository = http.get(f"{V1}/repositories/{name}:byName").json()["id"]
        before = http.get(f"{V1}/images", params={"repositoryName": name, "pageSize": 1000}).json()["images"]
    rules = [{"tagRegexp": "test-.*", "retainedTop": "5"}]
    create(own_server, "lifecyclePolicies", repositoryId=repository, status="ACTIVE", rules=rules)
    for number in range(KILLS):
        time.sleep(random.Random(number).uniform(0, 0.2))
        own_server.kill()
        own_server.start()
    left = {*tags[-5:], "release"}
    eventually(lambda: tags_of(own_server, name) == left)
    own_server.end(signal.SIGTERM)
    doomed = {image["id"] for image in before if not left & set(image["tags"])}
    told = deletions(own_server)
    assert len(told) == len(set(told))
    assert doomed >= set(told)
    assert len(told) >= len(doomed) - 100 * KILLS  # of the transaction that a kill ended


def scans_of(server: Any, name: str) -> list[list[str]]:
    """The statuses of the scans of each image of the repository."""
    with server.client() as http:
        images = http.get(f"{V1}/images", params={"repositoryName": name}).json()["images"]
        answers = [http.get(f"{V1}/scans", params={"imageId": image["id"]}).json() for image in images]
    return [[scan["status"] for scan in answer.get("scanResults", ())] for answer in answers]


def age_scans(server: Any) -> None:
    """By two days."""
    database = Database(f"sqlite:///{server.data}/careen.db")
    with database.write() as connection:
        row = scan_results.c.created_at
        earlier = type_coerce(type_coerce(row, BigInteger) - 2 * 86400 * 1000, row.type)
        connection.execute(scan_results.update().values(created_at=earlier))
    database.close()


def test_a_schedule_scans_each_image_once_a_period_through_kills(
    own_server: Any, make_layout: Callable[..., Path]
) -> None:
    registry = own_server.registry_id()
    layout, tags = make_layout(alpine(OLD)), [f"v{number}" for number in range(12)]
    names = {
        place: f"{registry}/{place}" for place in ("nightly/app", "nightly/deep/er", "never", "nightlynot")
    }
    for name in names.values():
        put_all(own_server, name, layout, tags if name.endswith("app") else tags[:2])
    daily = {"repositoryPrefixes": ["nightly"], "rescanPeriod": "86400s"}
    off = {"repositoryPrefixes": ["*"], "rescanPeriod": "3600s", "disabled": True}
    create(own_server, "scanPolicies", registryId=registry, rules={"scheduleRules": [daily, off]})
    for period in range(1, 3):
        for number in range(KILLS):
            time.sleep(random.Random(number).uniform(0, 0.3))
            own_server.kill()
            own_server.start()
        for place in ("nightly/app", "nightly/deep/er"):
            eventually(
                lambda: all(each == ["READY"] * period for each in scans_of(own_server, names[place])),  # noqa: B023 - called at once
                seconds=60,
            )
        time.sleep(2.5)  # rounds in which nothing is due
        for place, name in names.items():
            expected = ["READY"] * period if place.startswith("nightly/") else []
            assert all(each == expected for each in scans_of(own_server, name)), place
        age_scans(own_server)

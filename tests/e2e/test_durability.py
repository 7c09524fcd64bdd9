"""kill -9 at any moment of a Scan: after the restart the same Operation ends with exactly one ScanResult."""

import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.e2e

PACKAGES = "".join(f"P:lib{number}\nV:1.0-r0\no:busybox\n\n" for number in range(300)).encode()
LAYERS = [
    {"etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n", "lib/apk/db/installed": PACKAGES},
    *({f"data/{number}": random.Random(number).randbytes(3_000_000)} for number in range(3)),
]
KILLS = 20


@pytest.fixture
def own_server(new_server: Callable[..., Any]) -> Any:
    server = new_server()
    server.start()
    yield server
    server.kill()


def results_of(server: Any, image_id: object) -> list[dict[str, Any]]:
    with server.client() as http:
        answer = http.get("/container-registry/v1/scans", params={"imageId": image_id})
    results: list[dict[str, Any]] = answer.raise_for_status().json()["scanResults"]
    return results


def test_a_scan_survives_being_killed_twenty_times(
    own_server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    chance = random.Random(2026)
    image = own_server.image(own_server.push(skopeo, make_layout(*LAYERS), "durable/app"))
    for attempt in range(KILLS):
        with own_server.client() as http:
            begun = http.post("/container-registry/v1/scans", json={"imageId": image["id"]}).json()
        time.sleep(chance.uniform(0, 0.08))
        own_server.kill()
        own_server.start()
        ended = own_server.await_operation(begun)
        assert ended["id"] == begun["id"]
        assert ended["metadata"] == begun["metadata"]
        assert ended["response"]["status"] == "READY"
        assert len(results_of(own_server, image["id"])) == attempt + 1
    assert {result["status"] for result in results_of(own_server, image["id"])} == {"READY"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_scan_survives_that_the_service_is_told_to_end(
    new_server: Callable[..., Any],
    skopeo: Callable[..., None],
    make_layout: Callable[..., Path],
    number: signal.Signals,
) -> None:
    large = [{f"data/{seed}": random.Random(seed).randbytes(60_000_000)} for seed in range(3)]
    server = new_server(CAREEN_WORKERS="1")
    server.start()
    try:
        image = server.image(server.push(skopeo, make_layout(LAYERS[0], *large), "durable/ended"))
        with server.client() as http:
            begun = http.post("/container-registry/v1/scans", json={"imageId": image["id"]}).json()
        assert begun["done"] is False
        time.sleep(0.05)
        asked = time.monotonic()
        server.end(number)
        assert time.monotonic() - asked < 10
        for blame in ("layer not indexed", "crashed", "Traceback", "never awaited"):
            assert blame not in server.log()
        server.start()
        assert server.await_operation(begun)["response"]["status"] == "READY"
        assert len(results_of(server, image["id"])) == 1
    finally:
        server.kill()


def test_a_push_that_is_killed_half_way_can_be_made_again(
    own_server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    repository = f"{own_server.registry_id()}/durable/upload"
    with own_server.client() as http:
        location = http.post(f"/v2/{repository}/blobs/uploads/").headers["location"]
        http.patch(location, content=b"x" * 100_000)
    own_server.kill()
    own_server.start()
    with own_server.client() as http:
        status = http.get(location)
        assert status.status_code == httpx.codes.NO_CONTENT
        assert status.headers["range"] == "0-99999"
    assert own_server.image(own_server.push(skopeo, make_layout(LAYERS[0]), "durable/upload"))


def test_a_second_scan_joins_the_one_at_work(
    own_server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    image = own_server.image(own_server.push(skopeo, make_layout(*LAYERS), "durable/joined"))
    with own_server.client() as http:
        begun = [
            http.post("/container-registry/v1/scans", json={"imageId": image["id"]}).json() for _ in range(5)
        ]
    ended = [own_server.await_operation(operation) for operation in begun]
    results = results_of(own_server, image["id"])
    assert {operation["metadata"]["scanResultId"] for operation in ended} == {
        result["id"] for result in results
    }
    assert len(results) == len({operation["id"] for operation in begun})


def test_the_number_of_workers_changes_nothing_in_the_result(
    new_server: Callable[..., Any], skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    layout = make_layout(*LAYERS)
    reports = []
    for workers in ("1", "4"):
        server = new_server(CAREEN_WORKERS=workers)
        server.start()
        try:
            operation = server.scan(server.image(server.push(skopeo, layout, "durable/same"))["id"])
            reports.append(server.vulnerabilities(operation["response"]["id"]))
        finally:
            server.kill()
    assert reports[0] == reports[1]
    assert reports[0]


def test_a_call_that_is_repeated_after_a_kill_does_its_work_once(own_server: Any) -> None:
    chance = random.Random(2026)
    keys = [f"key-{number}" for number in range(40)]

    def create(http: httpx.Client, key: str) -> str:
        answer = http.post(
            "/container-registry/v1/registries",
            json={"folderId": "b1gonce", "labels": {"key": key}},
            headers={"Idempotency-Key": key},
        )
        identifier: str = answer.raise_for_status().json()["metadata"]["registryId"]
        return identifier

    for _ in range(3):
        with own_server.client() as http, ThreadPoolExecutor(4) as threads:
            calls = [threads.submit(create, http, key) for key in keys]
            time.sleep(chance.uniform(0, 0.15))
            own_server.kill()
            wait(calls)
        own_server.start()
    with own_server.client() as http:
        made = [create(http, key) for key in keys]
        listed = http.get("/container-registry/v1/registries", params={"folderId": "b1gonce"}).json()
    assert sorted(each["id"] for each in listed["registries"]) == sorted(made)

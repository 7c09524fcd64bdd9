"""Without advisories there is no answer: a Scan waits for the first snapshot and never says zeros."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SYSTEM = {
    "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n",
    "lib/apk/db/installed": b"P:libssl3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\n",
}


@pytest.fixture
def empty_server(unadvised_server: Callable[[], Any]) -> Any:
    server = unadvised_server()
    server.start()
    yield server
    server.kill()


def test_a_scan_runs_until_the_first_snapshot_is_there(
    empty_server: Any,
    skopeo: Callable[..., None],
    make_layout: Callable[..., Path],
    careen: Callable[..., Any],
    feeds_mirror: str,
) -> None:
    image = empty_server.image(empty_server.push(skopeo, make_layout(SYSTEM), "early/app"))
    with empty_server.client() as http:
        begun = http.post("/container-registry/v1/scans", json={"imageId": image["id"]}).json()
        time.sleep(1)
        waiting = http.get(f"/operations/{begun['id']}").json()
    assert waiting["done"] is False
    assert not {"response", "error"} & set(waiting)
    updated = careen("feeds", "update", "--mirror", feeds_mirror, CAREEN_DATA=str(empty_server.data))
    assert updated.returncode == 0, updated.stderr
    ended = empty_server.await_operation(begun)
    assert ended["response"]["status"] == "READY"
    assert int(ended["response"]["vulnerabilities"]["high"]) > 0

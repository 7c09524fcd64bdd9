"""The official Node SDK as a client, in a process of its own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

CLIENT = Path(__file__).with_name("node_client.js")


@pytest.fixture
def told(world: Any, node_modules: Path) -> Any:
    world.executor.go.set()
    port = world.secure_address.rpartition(":")[2]
    ended = subprocess.run(
        ["node", CLIENT, f"localhost:{port}", world.ca, world.image.id, "b1gnode"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NODE_PATH": str(node_modules), "no_proxy": "*"},
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_the_node_sdk_gets_what_the_rest_door_says(world: Any, told: Any) -> None:
    assert told["made"] | {"createdAt": ""} == {
        "id": told["made"]["id"],
        "folderId": "b1gnode",
        "name": "from-node",
        "status": "ACTIVE",
        "createdAt": "",
        "labels": {"by": "node"},
    }
    assert told["listed"] == [[told["made"]["id"], "renamed", {"by": "node"}]]
    by_rest = world.http.get(f"/container-registry/v1/scans/{told['result']['id']}").json()
    assert told["result"]["status"] == by_rest["status"] == "READY"
    counts = {level: int(count) for level, count in by_rest["vulnerabilities"].items()}
    assert {level: int(count) for level, count in told["result"]["vulnerabilities"].items()} == counts
    assert told["vulnerabilities"] == sum(counts.values())
    assert told["last"] == told["result"]["id"]
    assert world.http.get(f"/container-registry/v1/registries/{told['made']['id']}").status_code == 404


def test_every_method_of_the_node_sdk_is_answered(told: Any) -> None:
    refused = told["refused"]
    assert len(refused) == 41 + 2  # its protos are older: there is no ForceDelete
    for each in refused.values():
        assert "INVALID_ARGUMENT: Request validation error: " in each["message"]
    assert told["missing"]["message"].endswith("NOT_FOUND: Image crpnothing not found")
    for each in (*refused.values(), told["missing"]):
        assert len(each["requestId"]) == 36
        assert each["serverTraceId"].endswith(":1")

"""curl, as scripts use it: a scan, its operation, and what was found."""

import json
import shutil
import subprocess
import time
from typing import Any

import pytest

V1 = "container-registry/v1"


def curl(world: Any, path: str, *arguments: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and document of the answer."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    command = [program, "--silent", "--noproxy", "*", "--dump-header", "/dev/stderr", *arguments]
    done = subprocess.run(
        [*command, f"{world.http.base_url}{path}"], capture_output=True, text=True, check=True, timeout=30
    )
    status, *lines = done.stderr.replace("\r", "").strip().splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(done.stdout)


def test_a_script_scans_polls_and_counts(world: Any) -> None:
    world.executor.go.set()
    token = ("-H", "Authorization: Bearer t1.any")
    body = ("-X", "POST", "-d", json.dumps({"imageId": world.image.id}))
    key = ("-H", "Idempotency-Key: 5e1bb1ee-0f80-4a7e-9a19-1a0d4f1c5a10")
    _, headers, operation = curl(world, f"/{V1}/scans", *token, *body, *key)
    assert headers["content-type"] == "application/json"
    assert {"x-request-id", "x-server-trace-id"} <= headers.keys()
    assert curl(world, f"/{V1}/scans", *token, *body, *key)[2]["id"] == operation["id"]
    while not operation["done"]:
        time.sleep(0.05)
        operation = curl(world, f"/operations/{operation['id']}", *token)[2]
    assert operation["response"]["vulnerabilities"]["critical"] == "1"
    scan_id = operation["metadata"]["scanResultId"]
    query = ("--get", "--data-urlencode", 'filter=vulnerability.severity IN ("CRITICAL", "HIGH")')
    found = curl(world, f"/{V1}/scans/{scan_id}:listVulnerabilities", *token, *query)[2]
    assert [row["severity"] for row in found["vulnerabilities"]] == ["CRITICAL", "HIGH", "HIGH"]
    status, headers, refusal = curl(world, f"/{V1}/images/crp0", *token)
    assert (status, refusal["code"], refusal["message"]) == (404, 5, "Image crp0 not found")
    assert refusal["details"][-1]["requestId"] == headers["x-request-id"]
    wrong = ("-X", "PUT", *token)
    status, headers, refusal = curl(world, f"/{V1}/images/{world.image.id}", *wrong)
    assert (status, headers["allow"], refusal["code"]) == (405, "delete, get", 12)

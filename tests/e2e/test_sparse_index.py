"""An index of which only one platform is here: skopeo copies it, and a scan says what it could not judge."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from careen.model import digest

pytestmark = pytest.mark.e2e

OCI = "application/vnd.oci.image"
SYSTEM = {
    "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n",
    "lib/apk/db/installed": b"P:libssl3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\n",
}


@pytest.fixture(scope="module")
def sparse_server(new_server: Callable[..., Any]) -> Iterator[Any]:
    server = new_server(CAREEN_SPARSE_INDEXES="on")
    server.start()
    try:
        yield server
    finally:
        server.kill()


def test_what_is_there_is_judged_and_what_is_missing_is_said(
    sparse_server: Any, make_layout: Callable[..., Path], skopeo: Callable[..., None]
) -> None:
    layout = make_layout(SYSTEM)
    repository = sparse_server.push(skopeo, layout, "shop/sparse")
    (amd64,) = json.loads((layout / "index.json").read_text())["manifests"]
    there = {**amd64, "platform": {"os": "linux", "architecture": "amd64"}}
    missing = {
        "mediaType": f"{OCI}.manifest.v1+json",
        "digest": digest.of(b"arm64"),
        "size": 5,
        "platform": {"os": "linux", "architecture": "arm64"},
    }
    body = json.dumps(
        {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [there, missing]}
    ).encode()
    name = hashlib.sha256(body).hexdigest()
    (layout / "blobs" / "sha256" / name).write_bytes(body)
    entry = {"mediaType": f"{OCI}.index.v1+json", "digest": f"sha256:{name}", "size": len(body)}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    target = f"docker://127.0.0.1:{sparse_server.http_port}/{repository}:all"
    skopeo("copy", "--multi-arch=index-only", "--dest-tls-verify=false", f"oci:{layout}", target)
    scan = sparse_server.scan(f"{repository}:all")
    assert "error" not in scan, scan
    with sparse_server.client() as http:
        report = http.get(f"/careen/v1/scans/{scan['metadata']['scanResultId']}").json()
    (problem,) = [each for each in report["problems"] if each["kind"] == "missing-platform"]
    assert problem["message"].startswith("linux/arm64: ")
    assert {finding["platform"] for finding in report["findings"]} == {"linux/amd64"}

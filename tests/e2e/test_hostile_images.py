"""Hostile images in a careen that is really served: ERROR by name, and nobody else notices."""

import gzip
import io
import json
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from careen.model import digest

pytestmark = pytest.mark.e2e

OCI = "application/vnd.oci.image"
LAYER = f"{OCI}.layer.v1.tar+gzip"
LONGEST = 5.0  # seconds in which a server under attack still answers


def descriptor(blob: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest.of(blob), "size": len(blob), **more}


def put_blob(http: httpx.Client, repository: str, blob: bytes) -> None:
    begun = http.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
    http.put(begun.headers["location"], params={"digest": digest.of(blob)}, content=blob).raise_for_status()


def put_manifest(http: httpx.Client, repository: str, document: Mapping[str, object]) -> httpx.Response:
    return http.put(
        f"/v2/{repository}/manifests/latest",
        content=json.dumps(document),
        headers={"content-type": str(document["mediaType"])},
    )


def image_of(layers: list[dict[str, object]], config: dict[str, object]) -> dict[str, object]:
    kind = f"{OCI}.manifest.v1+json"
    return {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}


CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}).encode()
BOMB = gzip.compress(bytes(64 << 20)) * 24
LAYERS = {
    "a bomb": (BOMB, "CAREEN_BUDGET_"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "corrupt-layer"),
    "a layer that is cut off": (gzip.compress(bytes(600))[:-9], "cut off"),
    "nothing": (b"", "no-packages"),
}


class Served(Protocol):
    """What these tests need of conftest's Server."""

    data: Path

    def client(self) -> httpx.Client: ...
    def registry_id(self) -> str: ...
    def image(self, repository: str) -> dict[str, Any]: ...
    def scan(self, image_id: object) -> dict[str, Any]: ...


def pushed(server: Served, name: str, layers: list[bytes], config: bytes = CONFIG) -> str:
    """The repository's name."""
    repository = f"{server.registry_id()}/{name}"
    with server.client() as http:
        for blob in (*dict.fromkeys(layers), config):
            put_blob(http, repository, blob)
        described = [descriptor(blob, LAYER) for blob in layers]
        document = image_of(described, descriptor(config, f"{OCI}.config.v1+json"))
        put_manifest(http, repository, document).raise_for_status()
    return repository


@pytest.mark.parametrize("layer", LAYERS)
def test_a_hostile_layer_ends_in_an_error_that_names_it(server: Served, layer: str) -> None:
    blob, says = LAYERS[layer]
    image = server.image(pushed(server, layer.replace(" ", "-"), [blob]))
    assert says in server.scan(image["id"])["error"]["message"]


def test_a_server_answers_while_it_scans_bombs(server: Served) -> None:
    bombs = [gzip.compress(bytes([number]) * 100) + BOMB for number in range(6)]
    image = server.image(pushed(server, "bombs", bombs))
    with server.client() as http:
        scan = http.post("/container-registry/v1/scans", json={"imageId": image["id"]}).raise_for_status()
        for _ in range(20):
            began = time.monotonic()
            assert http.get("/readyz").status_code == 200
            assert time.monotonic() - began < LONGEST
        assert scan.json()["id"]
    assert server.scan(image["id"])["error"]["message"]


def test_a_manifest_of_10_000_layers_that_are_not_there_does_not_get_in(server: Served) -> None:
    repository = f"{server.registry_id()}/claims"
    with server.client() as http:
        put_blob(http, repository, CONFIG)
        layers = [descriptor(b"%d" % number, LAYER) for number in range(10_000)]
        config = descriptor(CONFIG, f"{OCI}.config.v1+json")
        assert put_manifest(http, repository, image_of(layers, config)).status_code in {400, 404, 413}
        assert http.get("/readyz").status_code == 200


def test_nothing_is_written_out_of_the_data_folder(server: Served) -> None:
    before = {path.name for path in server.data.parent.iterdir()}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in ("../../../escaped", f"{server.data.parent}/escaped", "a/../../escaped"):
            tar.addfile(tarfile.TarInfo(path))
    server.scan(server.image(pushed(server, "escape", [gzip.compress(out.getvalue())]))["id"])
    assert {path.name for path in server.data.parent.iterdir()} == before
    assert not list(server.data.rglob("*escaped*"))

"""Many push the same at the same time: it is there once, and whole for everybody."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import httpx
import pytest
from sqlalchemy import func, select

from careen.store.database import Database
from careen.store.tables import blobs

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANY = 20
BASE = [random.Random(number).randbytes(700_000) for number in range(3)]


@pytest.fixture
def server(
    database: Database, serve: Callable[[Database], AbstractContextManager[object]]
) -> Iterator[object]:
    """On both engines."""
    with serve(database) as started:
        yield started


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def push(http: httpx.Client, name: str, tag: str, config: bytes, layers: list[bytes]) -> str:
    """As a client does it that looks first what is there already."""
    for data in (config, *layers):
        if http.head(f"/{name}/blobs/{digest_of(data)}").status_code == 200:
            continue
        upload = http.post(f"/{name}/blobs/uploads/").headers["location"].removeprefix("/v2")
        assert http.patch(upload, content=iter([data[:300_000], data[300_000:]])).status_code == 202
        assert http.put(upload, params={"digest": digest_of(data)}).status_code == 201
    described = [{"mediaType": LAYER, "digest": digest_of(data), "size": len(data)} for data in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": described,
    }
    body = json.dumps(manifest).encode()
    answer = http.put(f"/{name}/manifests/{tag}", content=body, headers={"Content-Type": MANIFEST})
    assert answer.status_code == 201, answer.text
    return digest_of(body)


@pytest.mark.parametrize("repositories", [1, MANY])
def test_twenty_pushes_of_one_base_image_store_it_once(
    http: httpx.Client,
    name: str,
    database: Database,
    blob_files: Callable[[], set[str]],
    upload_files: Callable[[], list[str]],
    repositories: int,
) -> None:
    def one(number: int) -> str:
        to = f"{name}/{number % repositories}"
        own = [f"layer of {number}".encode()]
        return push(http, to, f"v{number}", f'{{"n": {number}}}'.encode(), BASE + own)

    with ThreadPoolExecutor(MANY) as pool:
        images = list(pool.map(one, range(MANY)))
    assert len(blob_files()) == len(BASE) + 2 * MANY
    assert upload_files() == []
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(blobs)) == len(BASE) + 2 * MANY
    for number, image in enumerate(images):
        to = f"{name}/{number % repositories}"
        manifest = http.get(f"/{to}/manifests/v{number}")
        assert manifest.headers["docker-content-digest"] == image
        for layer in manifest.json()["layers"]:
            assert digest_of(http.get(f"/{to}/blobs/{layer['digest']}").content) == layer["digest"]


def test_a_tag_is_always_one_of_the_images_that_were_pushed_to_it(http: httpx.Client, name: str) -> None:
    first = push(http, name, "latest", b'{"n": 0}', BASE[:1])

    def move(number: int) -> set[str]:
        moved = push(http, name, "latest", f'{{"n": {number}}}'.encode(), BASE[:1])
        seen = http.get(f"/{name}/manifests/latest")
        assert seen.status_code == 200
        assert digest_of(seen.content) == seen.headers["docker-content-digest"]
        return {moved}

    with ThreadPoolExecutor(8) as pool:
        pushed = {first}.union(*pool.map(move, range(1, 25)))
    assert http.head(f"/{name}/manifests/latest").headers["docker-content-digest"] in pushed
    assert http.get(f"/{name}/tags/list").json()["tags"] == ["latest"]


def test_pushes_and_deletes_of_one_image_end_in_one_of_both(http: httpx.Client, name: str) -> None:
    image = push(http, name, "v1", b"{}", BASE[:1])

    def delete(_: int) -> int:
        return http.delete(f"/{name}/manifests/{image}").status_code

    def again(_: int) -> str:
        return push(http, name, "v1", b"{}", BASE[:1])

    with ThreadPoolExecutor(8) as pool:
        deleted, pushed = pool.map(delete, range(20)), pool.map(again, range(20))
        assert set(deleted) <= {202, 404}
        assert set(pushed) == {image}
    there = http.get(f"/{name}/manifests/v1").status_code
    assert there == http.get(f"/{name}/manifests/{image}").status_code
    assert there in {200, 404}

"""Manifests: pushed, pulled and deleted, by tag and by digest."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from careen.model.registry import Image
from careen.store import images
from careen.store.database import Database

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
UNKNOWN = "sha256:" + "0" * 64
LIMIT = 4 << 20

NO_MANIFESTS = (
    b"",
    b"{}",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b"{" * 100_000,
    b'{"schemaVersion": 1}',
    b"{}x",
)
NO_TAGS = (".hidden", "-x", "a" * 129, "a b", "%00", "é")

Refused = Callable[..., dict[str, str]]
ManifestOf = Callable[..., bytes]


@pytest.fixture
def server(
    database: Database, serve: Callable[[Database], AbstractContextManager[object]]
) -> Iterator[object]:
    """On both engines."""
    with serve(database) as started:
        yield started


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def put(http: httpx.Client, path: str, body: bytes, media_type: str = MANIFEST) -> httpx.Response:
    return http.put(path, content=body, headers={"Content-Type": media_type})


def test_a_manifest_comes_back_to_the_byte_by_tag_and_by_digest(
    http: httpx.Client, name: str, manifest_of: ManifestOf
) -> None:
    body = manifest_of(b"layer")
    pushed = put(http, f"/{name}/manifests/v1", body)
    assert pushed.status_code == 201
    assert pushed.headers["location"] == f"/v2/{name}/manifests/{digest_of(body)}"
    for reference in ("v1", digest_of(body)):
        answer = http.get(f"/{name}/manifests/{reference}", headers={"Accept": "text/plain"})
        assert (answer.status_code, answer.content) == (200, body)
        assert answer.headers["content-type"] == MANIFEST
        assert answer.headers["docker-content-digest"] == digest_of(body)


def test_head_says_the_same_without_the_body(http: httpx.Client, name: str, manifest_of: ManifestOf) -> None:
    body = manifest_of(b"layer")
    put(http, f"/{name}/manifests/v1", body)
    answer = http.head(f"/{name}/manifests/v1")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["content-type"] == MANIFEST
    assert answer.headers["docker-content-digest"] == digest_of(body)


def test_an_image_that_arrived_is_announced(
    http: httpx.Client, name: str, manifest_of: ManifestOf, arrived: list[Image]
) -> None:
    body = manifest_of(b"lower", b"upper")
    put(http, f"/{name}/manifests/v1", body)
    (image,) = arrived
    assert (image.name, image.digest, image.tags) == (name, digest_of(body), ("v1",))
    assert [layer.digest for layer in image.layers] == [digest_of(b"lower"), digest_of(b"upper")]


def test_a_manifest_that_was_refused_is_not_announced(
    http: httpx.Client, name: str, arrived: list[Image]
) -> None:
    put(http, f"/{name}/manifests/v1", b"{}")
    assert arrived == []


def test_a_manifest_may_be_put_by_its_digest_and_only_that(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused
) -> None:
    body = manifest_of(b"layer")
    refused(put(http, f"/{name}/manifests/{UNKNOWN}", body), 400, "DIGEST_INVALID")
    refused(put(http, f"/{name}/manifests/sha256:abc", body), 400, "DIGEST_INVALID")
    assert put(http, f"/{name}/manifests/{digest_of(body)}", body).status_code == 201
    assert http.get(f"/{name}/tags/list").json() == {"name": name, "tags": []}


def test_a_tag_moves_to_the_image_that_was_pushed_last(
    http: httpx.Client, name: str, push_image: Callable[[str, bytes], str]
) -> None:
    old, new = push_image("latest", b"old"), push_image("latest", b"new")
    assert http.head(f"/{name}/manifests/latest").headers["docker-content-digest"] == new
    assert http.head(f"/{name}/manifests/{old}").status_code == 200


def test_a_manifest_with_an_unknown_blob_is_refused_and_leaves_nothing(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused
) -> None:
    manifest = json.loads(manifest_of(b"layer"))
    manifest["layers"][0]["digest"] = UNKNOWN
    answer = put(http, f"/{name}/manifests/v1", json.dumps(manifest).encode())
    assert refused(answer, 404, "MANIFEST_BLOB_UNKNOWN") == {"digest": UNKNOWN}
    assert http.get(f"/{name}/tags/list").json()["tags"] == []


def test_a_refused_manifest_makes_no_repository(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused
) -> None:
    answer = put(http, f"/{name}-new/manifests/v1", manifest_of(b"a layer of another repository"))
    refused(answer, 404, "MANIFEST_BLOB_UNKNOWN")
    refused(http.get(f"/{name}-new/tags/list"), 404, "NAME_UNKNOWN")


def test_what_is_no_manifest_is_refused(http: httpx.Client, name: str, refused: Refused) -> None:
    for body in NO_MANIFESTS:
        refused(put(http, f"/{name}/manifests/v1", body), 400, "MANIFEST_INVALID")


def test_a_manifest_under_another_media_type_is_refused(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused
) -> None:
    refused(put(http, f"/{name}/manifests/v1", manifest_of(b"x"), INDEX), 400, "MANIFEST_INVALID")


def test_a_manifest_may_have_four_mebibytes_and_no_more(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused
) -> None:
    body = manifest_of(b"layer")
    fits = body + b" " * (LIMIT - len(body))
    assert put(http, f"/{name}/manifests/v1", fits).status_code == 201
    refused(put(http, f"/{name}/manifests/v2", fits + b" "), 413, "SIZE_INVALID")
    streamed = http.put(f"/{name}/manifests/v2", content=iter([fits, b" "]))
    refused(streamed, 413, "SIZE_INVALID")


def test_a_bad_tag_is_refused_and_never_found(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused
) -> None:
    for tag in NO_TAGS:
        refused(put(http, f"/{name}/manifests/{tag}", manifest_of(b"x")), 400, "MANIFEST_INVALID")
        refused(http.get(f"/{name}/manifests/{tag}"), 404, "MANIFEST_UNKNOWN")


def test_an_unknown_manifest_is_said_to_be_so(
    http: httpx.Client, name: str, push_image: Callable[[str, bytes], str], refused: Refused
) -> None:
    push_image("v1", b"layer")
    refused(http.get(f"/{name}/manifests/v2"), 404, "MANIFEST_UNKNOWN")
    refused(http.get(f"/{name}/manifests/{UNKNOWN}"), 404, "MANIFEST_UNKNOWN")
    refused(http.delete(f"/{name}/manifests/v2"), 404, "MANIFEST_UNKNOWN")
    refused(http.delete(f"/{name}/manifests/{UNKNOWN}"), 404, "MANIFEST_UNKNOWN")
    refused(http.get(f"/{name}-x/manifests/v1"), 404, "NAME_UNKNOWN")


def test_docker_s_schema_2_keeps_its_media_type(
    http: httpx.Client, name: str, manifest_of: ManifestOf
) -> None:
    body = manifest_of(b"layer").replace(MANIFEST.encode(), DOCKER.encode())
    assert put(http, f"/{name}/manifests/v1", body, DOCKER).status_code == 201
    assert http.get(f"/{name}/manifests/v1").headers["content-type"] == DOCKER


def test_an_index_is_an_image_over_images(
    http: httpx.Client, name: str, manifest_of: ManifestOf, refused: Refused, arrived: list[Image]
) -> None:
    children = [manifest_of(b"amd64"), manifest_of(b"arm64")]
    entries = [{"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body)} for body in children]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    answer = put(http, f"/{name}/manifests/v1", index, INDEX)
    assert refused(answer, 404, "MANIFEST_BLOB_UNKNOWN") == {"digest": digest_of(children[0])}
    for body in children:
        assert put(http, f"/{name}/manifests/{digest_of(body)}", body).status_code == 201
    assert put(http, f"/{name}/manifests/v1", index, INDEX).status_code == 201
    assert http.get(f"/{name}/manifests/v1").headers["content-type"] == INDEX
    assert [image.digest for image in arrived] == [digest_of(body) for body in [*children, index]]
    refused(http.delete(f"/{name}/manifests/{digest_of(children[0])}"), 405, "DENIED")


def test_an_index_may_come_before_its_images_where_it_may_be_sparse(
    serve: Callable[..., AbstractContextManager[Any]], database: Database, refused: Refused
) -> None:
    with serve(database, sparse_indexes=True) as server:
        base = f"http://{server.address}/v2/{server.name}"
        with httpx.Client(base_url=base, trust_env=False) as http:
            config = b'{"architecture":"amd64","os":"linux"}'
            entry = {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest_of(config),
                "size": len(config),
            }
            http.post("/blobs/uploads/", params={"digest": digest_of(config)}, content=config)
            children = [
                json.dumps({"schemaVersion": 2, "config": entry, "layers": [], "annotations": {"n": name}})
                for name in "abc"
            ]
            bodies = [child.encode() for child in children]
            entries = [
                {"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body)} for body in bodies
            ]
            index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
            assert put(http, f"/manifests/{digest_of(bodies[1])}", bodies[1]).status_code == 201
            assert put(http, "/manifests/v1", index, INDEX).status_code == 201
            assert http.get("/manifests/v1").content == index
            refused(http.get(f"/manifests/{digest_of(bodies[0])}"), 404, "MANIFEST_UNKNOWN")
            refused(http.delete(f"/manifests/{digest_of(bodies[1])}"), 405, "DENIED")
            assert put(http, f"/manifests/{digest_of(bodies[0])}", bodies[0]).status_code == 201
            refused(http.delete(f"/manifests/{digest_of(bodies[0])}"), 405, "DENIED")
            with database.read() as connection:
                (stored,) = [each for each in server.arrived if each.digest == digest_of(index)]
                parts = images.children(connection, stored)
            assert [part.digest for part in parts] == [digest_of(body) for body in bodies[:2]]
            assert http.delete(f"/manifests/{digest_of(index)}").status_code == 202
            assert http.delete(f"/manifests/{digest_of(bodies[0])}").status_code == 202


def test_a_deleted_tag_leaves_its_image(
    http: httpx.Client, name: str, push_image: Callable[[str, bytes], str], refused: Refused
) -> None:
    digest = push_image("v1", b"layer")
    assert http.delete(f"/{name}/manifests/v1").status_code == 202
    refused(http.get(f"/{name}/manifests/v1"), 404, "MANIFEST_UNKNOWN")
    assert http.head(f"/{name}/manifests/{digest}").status_code == 200


def test_a_deleted_image_takes_its_tags_along(
    http: httpx.Client, name: str, push_image: Callable[[str, bytes], str], refused: Refused
) -> None:
    digest = push_image("v1", b"layer")
    assert http.delete(f"/{name}/manifests/{digest}").status_code == 202
    refused(http.get(f"/{name}/manifests/{digest}"), 404, "MANIFEST_UNKNOWN")
    assert http.get(f"/{name}/tags/list").json()["tags"] == []
    refused(http.delete(f"/{name}/manifests/{digest}"), 404, "MANIFEST_UNKNOWN")


def test_the_answer_waits_for_what_is_under_way_but_not_for_long(
    serve: Callable[..., Any], sqlite_database: Database
) -> None:
    under_way: Future[None] = Future()
    manifest = b'{"schemaVersion": 2, "mediaType": "' + INDEX.encode() + b'", "manifests": []}'
    with serve(sqlite_database, images_arrived=lambda _: [under_way], patience=1.0) as server:
        url = f"http://{server.address}/v2/{server.name}/manifests/v1"

        def push() -> float:
            began = time.monotonic()
            answer = httpx.put(url, content=manifest, headers={"Content-Type": INDEX}, trust_env=False)
            assert answer.status_code == 201, answer.text
            return time.monotonic() - began

        assert push() >= 1
        under_way.set_result(None)
        assert push() < 1

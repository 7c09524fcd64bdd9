"""Pulling blobs: whole, in part, and not at all."""

import hashlib
import random
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest

UNKNOWN = "sha256:" + "0" * 64

Refused = Callable[..., dict[str, str]]


def test_the_version_endpoint_answers(http: httpx.Client) -> None:
    answer = http.get("/")
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert "www-authenticate" not in answer.headers


def test_a_pushed_blob_comes_back_to_the_byte(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    data = random.Random(7).randbytes(3_500_000)  # more than three pieces
    digest = push_blob(data)
    answer = http.get(f"/{name}/blobs/{digest}")
    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["docker-content-digest"] == digest
    assert answer.headers["etag"] == f'"{digest}"'


def test_head_says_the_same_without_the_bytes(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    digest = push_blob(b"twelve bytes")
    answer = http.head(f"/{name}/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "12"
    assert answer.headers["docker-content-digest"] == digest


def test_an_empty_blob_can_be_had(http: httpx.Client, name: str, push_blob: Callable[..., str]) -> None:
    answer = http.get(f"/{name}/blobs/{push_blob(b'')}")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("asked", "content_range", "content"),
    [
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=2-5", "bytes 2-5/10", b"2345"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
        ("bytes=-99", "bytes 0-9/10", b"0123456789"),
    ],
)
def test_a_part_can_be_had(
    http: httpx.Client,
    name: str,
    push_blob: Callable[..., str],
    asked: str,
    content_range: str,
    content: bytes,
) -> None:
    path = f"/{name}/blobs/{push_blob(b'0123456789')}"
    answer = http.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == content_range
    assert answer.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_part_beyond_the_end_cannot(
    http: httpx.Client, name: str, push_blob: Callable[..., str], refused: Refused, asked: str
) -> None:
    answer = http.get(f"/{name}/blobs/{push_blob(b'0123456789')}", headers={"Range": asked})
    refused(answer, 416, "SIZE_INVALID")
    assert answer.headers["content-range"] == "bytes */10"


def test_several_ranges_are_answered_with_the_whole(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    answer = http.get(f"/{name}/blobs/{push_blob(b'0123456789')}", headers={"Range": "bytes=0-1,5-6"})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_an_unknown_blob_is_said_to_be_so(
    http: httpx.Client, name: str, push_blob: Callable[..., str], refused: Refused
) -> None:
    push_blob(b"another")
    assert refused(http.get(f"/{name}/blobs/{UNKNOWN}"), 404, "BLOB_UNKNOWN") == {"digest": UNKNOWN}
    assert http.head(f"/{name}/blobs/{UNKNOWN}").status_code == 404


def test_a_blob_of_another_repository_is_not_seen(
    http: httpx.Client, name: str, push_blob: Callable[..., str], refused: Refused
) -> None:
    digest = push_blob(b"theirs", f"{name}-theirs")
    push_blob(b"ours")
    refused(http.get(f"/{name}/blobs/{digest}"), 404, "BLOB_UNKNOWN")


def test_an_unknown_repository_and_registry_are_said_to_be_so(
    http: httpx.Client, name: str, refused: Refused
) -> None:
    assert refused(http.get(f"/{name}/blobs/{UNKNOWN}"), 404, "NAME_UNKNOWN") == {"name": name}
    answer = http.get(f"/crp00000000000000000/web/blobs/{UNKNOWN}")
    refused(answer, 404, "NAME_UNKNOWN")
    assert answer.json()["errors"][0]["message"] == "Registry crp00000000000000000 not found"


@pytest.mark.parametrize(
    "digest", ["sha256:abc", "sha256:" + "A" * 64, "md5:" + "0" * 32, "latest", "sha512:" + "0" * 64]
)
def test_a_digest_that_is_none_is_refused(
    http: httpx.Client, name: str, refused: Refused, digest: str
) -> None:
    refused(http.get(f"/{name}/blobs/{digest}"), 400, "DIGEST_INVALID")


def test_a_deleted_blob_is_gone_at_once_and_only_here(
    http: httpx.Client, name: str, push_blob: Callable[..., str], refused: Refused
) -> None:
    digest = push_blob(b"goes")
    push_blob(b"goes", f"{name}-other")
    assert http.delete(f"/{name}/blobs/{digest}").status_code == 202
    refused(http.get(f"/{name}/blobs/{digest}"), 404, "BLOB_UNKNOWN")
    refused(http.delete(f"/{name}/blobs/{digest}"), 404, "BLOB_UNKNOWN")
    assert http.get(f"/{name}-other/blobs/{digest}").content == b"goes"
    assert push_blob(b"goes") == digest
    assert http.get(f"/{name}/blobs/{digest}").content == b"goes"


def test_a_blob_that_an_image_needs_is_not_deleted(
    http: httpx.Client, name: str, push_image: Callable[[str, bytes], str], refused: Refused
) -> None:
    image = push_image("v1", b"layer")
    manifest = http.get(f"/{name}/manifests/v1").json()
    for blob in (manifest["config"]["digest"], manifest["layers"][0]["digest"]):
        answer = http.delete(f"/{name}/blobs/{blob}")
        refused(answer, 405, "DENIED")
        assert answer.headers["allow"] == "GET, HEAD"
        assert http.head(f"/{name}/blobs/{blob}").status_code == 200
    http.delete(f"/{name}/manifests/{image}")
    assert http.delete(f"/{name}/blobs/{manifest['config']['digest']}").status_code == 202


def test_who_has_the_blob_already_hears_so(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    path = f"/{name}/blobs/{push_blob(b'known')}"
    etag = http.get(path).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        answer = http.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_many_pull_at_once(http: httpx.Client, name: str, push_blob: Callable[..., str]) -> None:
    data = random.Random(1).randbytes(2_000_000)
    path = f"/{name}/blobs/{push_blob(data)}"
    with ExitStack() as opened:
        answers = [opened.enter_context(http.stream("GET", path)) for _ in range(6)]
        digests = {hashlib.sha256(answer.read()).hexdigest() for answer in answers}
    assert digests == {hashlib.sha256(data).hexdigest()}

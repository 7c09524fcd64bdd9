"""The blob API as the specification's own conformance suite asks for it, once for each digest algorithm.

After opencontainers/distribution-spec, conformance/run.go (TestBlobAPIs), with all optional APIs switched on.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import httpx
import pytest

from careen.store.database import Database

CHUNK = 1024  # bytes, the smallest that the suite sends
MANY = CHUNK * 3 - 5  # bytes that span three chunks
STREAM = {"Content-Type": "application/octet-stream"}

Push = Callable[[httpx.Client, str, bytes, str], httpx.Response]


@pytest.fixture
def server(
    database: Database, serve: Callable[[Database], AbstractContextManager[object]]
) -> Iterator[object]:
    """On both engines."""
    with serve(database) as started:
        yield started


@pytest.fixture(params=["sha256", "sha512"])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def digest_of(data: bytes, algorithm: str) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def begin(http: httpx.Client, name: str) -> str:
    answer = http.post(f"/{name}/blobs/uploads/", headers={"Content-Length": "0"})
    assert answer.status_code == 202
    return location(answer)


def location(answer: httpx.Response) -> str:
    """Absolute or relative, with or without a query: clients resolve it."""
    return urlsplit(answer.headers["location"]).path.removeprefix("/v2")


def post_only(http: httpx.Client, name: str, data: bytes, digest: str) -> httpx.Response:
    return http.post(f"/{name}/blobs/uploads/", params={"digest": digest}, content=data, headers=STREAM)


def post_put(http: httpx.Client, name: str, data: bytes, digest: str) -> httpx.Response:
    return http.put(begin(http, name), params={"digest": digest}, content=data, headers=STREAM)


def stream(http: httpx.Client, name: str, data: bytes, digest: str) -> httpx.Response:
    patched = http.patch(begin(http, name), content=iter([data]), headers=STREAM)
    assert patched.status_code == 202
    return http.put(location(patched), params={"digest": digest}, headers={"Content-Length": "0"})


class Chunked:
    """In chunks; maybe with the last one in the PUT, maybe with a wrong one before each."""

    def __init__(self, size: int, *, puts_last: bool = False, errs: bool = False) -> None:
        self._size = size
        self._puts_last = puts_last
        self._errs = errs

    def __call__(self, http: httpx.Client, name: str, data: bytes, digest: str) -> httpx.Response:
        path = begin(http, name)
        for start in range(0, len(data), self._size):
            if self._errs:
                self._err(http, path, data, start)
            is_last = start + self._size >= len(data)
            answer = self._send(http, path, data, start, digest if is_last and self._puts_last else "")
            path = location(answer) if answer.status_code == 202 else path
        if self._puts_last:
            return answer
        return http.put(path, params={"digest": digest}, headers={"Content-Length": "0"})

    def _send(self, http: httpx.Client, path: str, data: bytes, start: int, digest: str) -> httpx.Response:
        chunk = data[start : start + self._size]
        headers = {**STREAM, "Content-Range": f"{start}-{start + len(chunk) - 1}"}
        if digest:
            return http.put(path, params={"digest": digest}, content=chunk, headers=headers)
        answer = http.patch(path, content=chunk, headers=headers)
        assert answer.status_code in {202, 416}
        return answer

    def _err(self, http: httpx.Client, path: str, data: bytes, start: int) -> None:
        """A chunk ahead or from the beginning is refused, and the upload says where it goes on."""
        wrong = start + self._size if start + self._size < len(data) else 0
        if wrong == start:
            return
        assert self._send(http, path, data, wrong, "").status_code == 416
        status = http.get(path)
        assert (status.status_code, status.content) == (204, b"")
        assert status.headers["range"] == f"0-{max(0, start - 1)}"
        assert location(status) == path


WAYS: dict[str, Push] = {
    "post only": post_only,
    "post and put": post_put,
    "stream": stream,
    "one chunk": Chunked(MANY),
    "chunks": Chunked(CHUNK),
    "chunks, the last in the put": Chunked(CHUNK, puts_last=True),
    "chunks out of order": Chunked(CHUNK, errs=True),
    "chunks out of order, the last in the put": Chunked(CHUNK, puts_last=True, errs=True),
}


def assert_there(http: httpx.Client, name: str, data: bytes, digest: str) -> None:
    path = f"/{name}/blobs/{digest}"
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert (get.status_code, get.content) == (200, data)
    for answer in (head, get):
        assert answer.headers["content-length"] == str(len(data))
        assert answer.headers["docker-content-digest"] == digest


def assert_deleted(http: httpx.Client, name: str, digest: str) -> None:
    assert http.delete(f"/{name}/blobs/{digest}").status_code == 202
    assert http.head(f"/{name}/blobs/{digest}").status_code == 404
    assert http.get(f"/{name}/blobs/{digest}").status_code == 404


@pytest.mark.parametrize("way", WAYS)
def test_a_blob_is_pushed_pulled_and_deleted(http: httpx.Client, name: str, algorithm: str, way: str) -> None:
    for data in (os.urandom(MANY), os.urandom(512)):
        digest = digest_of(data, algorithm)
        assert http.get(f"/{name}/blobs/{digest}").status_code == 404
        answer = WAYS[way](http, name, data, digest)
        assert answer.status_code == 201, answer.text
        assert answer.headers["docker-content-digest"] == digest
        assert http.get(location(answer)).content == data
        assert_there(http, name, data, digest)
        assert_deleted(http, name, digest)


@pytest.mark.parametrize("way", WAYS)
def test_a_blob_with_another_digest_is_refused(
    http: httpx.Client, name: str, algorithm: str, way: str
) -> None:
    data = os.urandom(MANY)
    digest = digest_of(data, algorithm)
    answer = WAYS[way](http, name, data + b"oh no", digest)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "DIGEST_INVALID"
    assert http.head(f"/{name}/blobs/{digest}").status_code == 404


@pytest.mark.parametrize("data", [b"", b"{}"])
@pytest.mark.parametrize("way", ["post only", "post and put", "stream"])
def test_well_known_blobs(http: httpx.Client, name: str, algorithm: str, way: str, data: bytes) -> None:
    digest = digest_of(data, algorithm)
    assert WAYS[way](http, name, data, digest).status_code == 201
    assert_there(http, name, data, digest)
    assert_deleted(http, name, digest)


def test_a_blob_is_mounted(http: httpx.Client, name: str, algorithm: str) -> None:
    for source in ({"from": f"{name}/source"}, {}):
        data = os.urandom(512)
        digest = digest_of(data, algorithm)
        post_put(http, f"{name}/source", data, digest)
        answer = http.post(f"/{name}/blobs/uploads/", params={"mount": digest, **source})
        assert answer.status_code == 201
        assert http.get(location(answer)).content == data
        assert_there(http, name, data, digest)
        assert_deleted(http, name, digest)
        assert_there(http, f"{name}/source", data, digest)
        assert_deleted(http, f"{name}/source", digest)


def test_what_cannot_be_mounted_is_pushed(http: httpx.Client, name: str, algorithm: str) -> None:
    for source in ({"from": f"{name}/source"}, {"from": "!"}, {}):
        data = os.urandom(512)
        digest = digest_of(data, algorithm)
        answer = http.post(f"/{name}/blobs/uploads/", params={"mount": digest, **source})
        assert answer.status_code == 202
        pushed = http.put(location(answer), params={"digest": digest}, content=data)
        assert pushed.status_code == 201
        assert_there(http, name, data, digest)


def test_an_upload_is_cancelled(http: httpx.Client, name: str) -> None:
    path = begin(http, name)
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 404
    assert http.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("500-1499", range(500, 1500)),
        ("500-", range(500, 2048)),
        ("-500", range(1548, 2048)),
        ("2000-5000", range(2000, 2048)),
        ("500-0", None),
        ("5000-10000", None),
    ],
)
def test_a_part_of_a_blob(
    http: httpx.Client, name: str, algorithm: str, asked: str, part: range | None
) -> None:
    data = os.urandom(2048)
    digest = digest_of(data, algorithm)
    post_put(http, name, data, digest)
    answer = http.get(f"/{name}/blobs/{digest}", headers={"Range": f"bytes={asked}"})
    if part is None:
        assert answer.status_code == 416
        assert answer.headers["content-range"] == "bytes */2048"
    else:
        assert (answer.status_code, answer.content) == (206, data[part.start : part.stop])
        assert answer.headers["content-length"] == str(len(part))
        assert answer.headers["content-range"] == f"bytes {part.start}-{part.stop - 1}/2048"

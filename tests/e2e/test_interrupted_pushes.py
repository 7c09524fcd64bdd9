"""kill -9 in the middle of a push: it goes on where the bytes that arrived end."""

import hashlib
import random
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

DATA = random.Random(11).randbytes(12_000_000)
CHUNK = 3_000_000


@pytest.fixture
def own_server(new_server: Callable[..., Any]) -> Any:
    server = new_server()
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_an_upload_goes_on_after_every_kill(own_server: Any, algorithm: str) -> None:
    digest = f"{algorithm}:{hashlib.new(algorithm, DATA).hexdigest()}"
    name = f"{own_server.registry_id()}/large/blob"
    with own_server.client() as http:
        upload = http.post(f"/v2/{name}/blobs/uploads/").headers["location"]
    for start in range(0, len(DATA), CHUNK):
        with own_server.client() as http:
            said = http.get(upload)
            assert said.status_code == 204
            assert said.headers["range"] == f"0-{max(0, start - 1)}"
            chunk = DATA[start : start + CHUNK]
            headers = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
            assert http.patch(upload, content=chunk, headers=headers).status_code == 202
        own_server.kill()
        own_server.start()
    with own_server.client() as http:
        assert http.put(upload, params={"digest": digest}).status_code == 201
        assert http.get(f"/v2/{name}/blobs/{digest}").content == DATA


def test_a_chunk_that_a_kill_cut_off_is_no_lost_upload(own_server: Any) -> None:
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    name = f"{own_server.registry_id()}/large/blob"

    def broken() -> Any:
        yield DATA[:CHUNK]
        own_server.kill()
        yield DATA[CHUNK:]

    with own_server.client() as http:
        upload = http.post(f"/v2/{name}/blobs/uploads/").headers["location"]
        with pytest.raises(Exception, match=r"."):  # whatever the client calls it
            http.patch(upload, content=broken()).raise_for_status()
    own_server.start()
    with own_server.client() as http:
        arrived = int(http.get(upload).headers["range"].removeprefix("0-")) + 1
        arrived = 0 if arrived == 1 else arrived
        assert arrived <= CHUNK
        rest = {"Content-Range": f"{arrived}-{len(DATA) - 1}"}
        answer = http.put(upload, params={"digest": digest}, content=DATA[arrived:], headers=rest)
        assert answer.status_code == 201, answer.text
        assert http.get(f"/v2/{name}/blobs/{digest}").content == DATA


def test_a_full_disk_is_said_loses_no_blob_and_the_upload_goes_on(own_server: Any) -> None:
    """A limit on the size of files stands for the disk: the kernel refuses to write in the same way."""
    name, other = f"{own_server.registry_id()}/large/blob", DATA[:CHUNK]
    digest, kept = (f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (DATA, other))
    with own_server.client() as http:
        assert http.post(f"/v2/{name}/blobs/uploads/?digest={kept}", content=other).status_code == 201
        upload = http.post(f"/v2/{name}/blobs/uploads/").headers["location"]
        with file_size_limit(own_server.process.pid, 7_000_000):
            full = http.patch(upload, content=DATA)
            assert full.status_code == 507, full.text
            assert full.json()["errors"][0]["message"] == "there is no space left for this blob"
            arrived = int(http.get(upload).headers["range"].removeprefix("0-")) + 1
            assert 0 < arrived <= 7_000_000
            rest = {"Content-Range": f"{arrived}-{len(DATA) - 1}"}
            put = http.put(upload, params={"digest": digest}, content=DATA[arrived:], headers=rest)
            assert put.status_code == 507, put.text
            assert http.head(f"/v2/{name}/blobs/{digest}").status_code == 404
            assert http.get(f"/v2/{name}/blobs/{kept}").content == other
        arrived = int(http.get(upload).headers["range"].removeprefix("0-")) + 1
        rest = {"Content-Range": f"{arrived}-{len(DATA) - 1}"}
        put = http.put(upload, params={"digest": digest}, content=DATA[arrived:], headers=rest)
        assert put.status_code == 201, put.text
        assert http.get(f"/v2/{name}/blobs/{digest}").content == DATA


@contextmanager
def file_size_limit(pid: int, size: int) -> Iterator[None]:
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_a_large_body_that_a_kill_cut_off_goes_on_where_its_bytes_end(own_server: Any) -> None:
    """Its length was told, so that it came straight from the socket."""
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    name = f"{own_server.registry_id()}/large/blob"
    with own_server.client() as http:
        upload = http.post(f"/v2/{name}/blobs/uploads/").headers["location"]
        with socket.create_connection(("127.0.0.1", own_server.http_port), timeout=10) as line:
            line.sendall(
                f"PATCH {upload} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(DATA)}\r\n\r\n".encode()
            )
            line.sendall(DATA[: 3 * CHUNK])
            deadline = time.monotonic() + 10
            while http.get(upload).headers["range"] == "0-0":
                assert time.monotonic() < deadline
                time.sleep(0.02)
            own_server.kill()
    own_server.start()
    with own_server.client() as http:
        arrived = int(http.get(upload).headers["range"].removeprefix("0-")) + 1
        assert 1 << 19 < arrived <= 3 * CHUNK
        rest = {"Content-Range": f"{arrived}-{len(DATA) - 1}"}
        put = http.put(upload, params={"digest": digest}, content=DATA[arrived:], headers=rest)
        assert put.status_code == 201, put.text
        assert http.get(f"/v2/{name}/blobs/{digest}").content == DATA

"""Clients that go away, dawdle, or write to one upload at the same time: spoken on bare sockets."""

import hashlib
import random
import socket
import time
from collections.abc import Callable

import httpx

DATA = random.Random(3).randbytes(2_500_000)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
HALF = 1_250_000

Begin = Callable[[], str]
Connect = Callable[[], socket.socket]
Files = Callable[[], list[str]]


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} /v2{path} HTTP/1.1", "Host: registry", *headers, "", ""]).encode()


def wait_for_size(http: httpx.Client, path: str, size: int) -> None:
    """Until the server has taken in so many bytes of the upload, and given it free."""
    deadline = time.monotonic() + 10
    while http.get(path).headers["range"] != f"0-{size - 1}":
        assert time.monotonic() < deadline, http.get(path).headers["range"]
        time.sleep(0.01)


def wait_until_free(http: httpx.Client, path: str) -> None:
    deadline = time.monotonic() + 10
    while http.patch(path, content=b"").status_code != 202:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_that_goes_away_leaves_an_upload_to_go_on_with(
    http: httpx.Client, name: str, begin: Begin, connect: Connect, blob_files: Callable[[], set[str]]
) -> None:
    path = begin()
    with connect() as connection:
        connection.sendall(head("PATCH", path, f"Content-Length: {len(DATA)}") + DATA[:HALF])
    wait_for_size(http, path, HALF)
    wait_until_free(http, path)
    assert blob_files() == set()
    rest = {"Content-Range": f"{HALF}-{len(DATA) - 1}"}
    answer = http.put(path, params={"digest": DIGEST}, content=DATA[HALF:], headers=rest)
    assert answer.status_code == 201, answer.text
    assert http.get(f"/{name}/blobs/{DIGEST}").content == DATA


def test_a_put_that_breaks_off_makes_no_blob(
    http: httpx.Client, name: str, begin: Begin, connect: Connect, blob_files: Callable[[], set[str]]
) -> None:
    path = begin()
    with connect() as connection:
        request = head("PUT", f"{path}?digest={DIGEST}", f"Content-Length: {len(DATA)}")
        connection.sendall(request + DATA[:HALF])
    wait_for_size(http, path, HALF)
    assert http.head(f"/{name}/blobs/{DIGEST}").status_code == 404
    assert blob_files() == set()


def test_a_stream_without_an_end_makes_no_blob(
    http: httpx.Client, name: str, begin: Begin, connect: Connect, blob_files: Callable[[], set[str]]
) -> None:
    path = begin()
    with connect() as connection:
        request = head("PUT", f"{path}?digest={DIGEST}", "Transfer-Encoding: chunked")
        connection.sendall(
            request + f"{len(DATA):x}\r\n".encode() + DATA + b"\r\n"
        )  # the last chunk is missing
    wait_for_size(http, path, len(DATA))
    assert http.head(f"/{name}/blobs/{DIGEST}").status_code == 404
    assert blob_files() == set()


def test_a_single_post_that_breaks_off_leaves_nothing(
    name: str, connect: Connect, upload_files: Files, blob_files: Callable[[], set[str]]
) -> None:
    with connect() as connection:
        request = head("POST", f"/{name}/blobs/uploads/?digest={DIGEST}", f"Content-Length: {len(DATA)}")
        connection.sendall(request + DATA[:HALF])
        wait_until(lambda: upload_files() != [])
    wait_until(lambda: upload_files() == [])
    assert blob_files() == set()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_two_never_write_to_one_upload_at_once(
    http: httpx.Client, name: str, begin: Begin, connect: Connect, upload_files: Files
) -> None:
    path = begin()
    with connect() as slow:
        slow.sendall(head("PATCH", path, f"Content-Length: {len(DATA)}") + DATA[:HALF])
        wait_until(lambda: upload_files() != [])
        for method in ("PATCH", "PUT"):
            busy = http.request(method, path, params={"digest": DIGEST}, content=DATA)
            assert busy.status_code == 409
            assert busy.json()["errors"][0]["code"] == "BLOB_UPLOAD_INVALID"
        slow.sendall(DATA[HALF:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 202 ")
    assert http.put(path, params={"digest": DIGEST}).status_code == 201
    assert http.get(f"/{name}/blobs/{DIGEST}").content == DATA


def test_who_is_refused_in_the_middle_of_a_large_push_hears_why(
    http: httpx.Client, name: str, begin: Begin
) -> None:
    gone = begin()
    http.delete(gone)
    answer = http.patch(gone, content=bytes(20_000_000))
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"
    assert http.put(f"/{name}/manifests/latest", content=bytes(20_000_000)).status_code == 413


def test_who_asks_before_sending_is_refused_at_once(
    begin: Begin, http: httpx.Client, connect: Connect
) -> None:
    gone = begin()
    http.delete(gone)
    with connect() as connection:
        connection.sendall(head("PATCH", gone, "Expect: 100-continue", "Content-Length: 1000000"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 404 ")

"""What comes over the line and is no HTTP, or not quite."""

import contextlib
import json
import socket
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

POST = b"POST /container-registry/v1/registries HTTP/1.1\r\nHost: a\r\n"
MOST = 16 << 20  # bytes


def sent(server: Any, data: bytes) -> bytes:
    """All that comes back until the line is closed."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as line:
        line.sendall(data)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",  # gRPC without TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /endpoints HTTP/1.1\r\nno header\r\n\r\n",
        b"GET /endpoints HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
        b"GET /endpoints?a=" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=range(10),
)
def test_what_cannot_be_read_is_a_status_as_every_refusal(server: Any, data: bytes) -> None:
    head, _, body = sent(server, data).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    told = json.loads(body)
    assert status == "HTTP/1.1 400 Bad Request"
    assert headers["content-type"] == "application/json"
    assert (headers["connection"], int(headers["content-length"])) == ("close", len(body))
    assert told["code"] == 3
    assert told["details"][-1]["requestId"] == headers["x-request-id"]


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /endpoints HTTP/1.1\r\nHost: a\r\nX: ",
        b"GET /endpoints HTTP/1.1\r\n",
        b"GET /",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2;",
    ],
    ids=["a header", "headers", "an address", "a trailer", "a chunk's extension"],
)
def test_what_has_no_end_is_refused_before_it_fills_the_memory(server: Any, begin: bytes) -> None:
    more = b"X: a\r\n" * 2000 if begin.endswith(b"1.1\r\n") else b"a" * 16_000
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as line:
        line.sendall(begin)
        assert taken(line, more) < MOST


def taken(line: socket.socket, more: bytes) -> int:
    """Bytes that the server lets come before it hangs up, MOST if it does not."""
    sent = 0
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while sent < MOST:
            sent += line.send(more)
    return sent


def test_what_is_old_or_odd_but_right_is_answered(server: Any) -> None:
    close = b"Connection: close\r\n\r\n"
    for data in (
        b"GET /endpoints HTTP/1.0\r\n\r\n",
        b"GET http://elsewhere/endpoints HTTP/1.1\r\nHost: a\r\n" + close,
        b"GET /endpoints HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 60_000 + b"\r\n" + close,
    ):
        head, _, body = sent(server, data).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert json.loads(body)["endpoints"]

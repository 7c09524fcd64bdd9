"""Large bodies on bare sockets: their way from the socket changes in their midst, and nothing else does."""

import hashlib
import random
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from careen.registry.large_bodies import LargeBodies

MB = 1 << 20
DATA = random.Random(17).randbytes(7 * MB)
VERSION = b"GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n"

Begin = Callable[[], str]


@pytest.fixture
def line(connect: Callable[[], socket.socket]) -> Iterator[socket.socket]:
    with connect() as connected:
        yield connected


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} /v2{path} HTTP/1.1", "Host: registry", *headers, "", ""]).encode()


def put(path: str, data: bytes, *headers: str, digest: str = "") -> bytes:
    return head("PUT", f"{path}?digest={digest or digest_of(data)}", *(headers or length(data)))


def length(data: bytes) -> list[str]:
    return [f"Content-Length: {len(data)}"]


@dataclass(frozen=True)
class Way:
    """To send a body."""

    headers: Callable[[bytes], list[str]]
    chunk: int = 0  # bytes; 0: it is sent as it is

    def encoded(self, data: bytes, *, ends: bool = True) -> bytes:
        if not self.chunk:
            return data
        chunks = (data[at : at + self.chunk] for at in range(0, len(data), self.chunk))
        last = b"0\r\n\r\n" if ends else b""
        return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + last


WAYS = {
    "its length is told": Way(length),
    "chunks": Way(lambda _: ["Transfer-Encoding: chunked"], 32_768),
    "one large chunk": Way(lambda _: ["Transfer-Encoding: chunked"], 100 * MB),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def answers(line: socket.socket, count: int) -> list[int]:
    """The status of the next so many answers."""
    received = b""
    while len(found := re.findall(rb"HTTP/1\.1 (\d+) ", received)) < count:
        piece = line.recv(65_536)
        assert piece, received
        received += piece
    return [int(status) for status in found]


@pytest.mark.parametrize("size", [0, 1, *(size * MB + beyond for size in (1, 2, 4) for beyond in (-1, 0, 1))])
def test_a_body_of_any_size_is_whole_and_the_line_goes_on(
    http: httpx.Client, name: str, begin: Begin, line: socket.socket, way: Way, size: int
) -> None:
    data = DATA[:size]
    line.sendall(put(begin(), data, *way.headers(data)) + way.encoded(data) + VERSION)
    assert answers(line, 2) == [201, 200]
    assert http.get(f"/{name}/blobs/{digest_of(data)}").content == data


def test_several_follow_each_other_on_one_line(
    http: httpx.Client, name: str, begin: Begin, line: socket.socket, way: Way
) -> None:
    bodies = [DATA[:-start] for start in (1, 3 * MB, 2)]
    line.sendall(b"".join(put(begin(), data, *way.headers(data)) + way.encoded(data) for data in bodies))
    assert answers(line, 3) == [201, 201, 201]
    for data in bodies:
        assert http.get(f"/{name}/blobs/{digest_of(data)}").content == data


def test_a_head_and_its_body_may_come_in_any_pieces(
    http: httpx.Client, name: str, begin: Begin, line: socket.socket, way: Way
) -> None:
    request = put(begin(), DATA, *way.headers(DATA)) + way.encoded(DATA) + VERSION
    chance = random.Random(4)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    at = 0
    while at < len(request):
        size = chance.choice([1, 30, 5_000, 300_000, 2 * MB])
        line.sendall(request[at : at + size])
        at += size
        time.sleep(chance.choice([0, 0, 0.001]))
    assert answers(line, 2) == [201, 200]
    assert http.get(f"/{name}/blobs/{digest_of(DATA)}").content == DATA


def test_who_asks_before_sending_is_told_to_go_on(begin: Begin, line: socket.socket, way: Way) -> None:
    line.sendall(put(begin(), DATA, "Expect: 100-continue", *way.headers(DATA)))
    assert answers(line, 1) == [100]
    line.sendall(way.encoded(DATA))
    assert answers(line, 1) == [201]


def test_what_trickles_in_is_handed_on_before_a_piece_is_full(run: Callable[..., Any], way: Way) -> None:
    """Or a slow client would seem to say nothing."""
    sizes: list[int] = []
    sent = 0

    def heard(size: int) -> bool:
        return sum(sizes) == size

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        is_more = True
        while is_more:
            message = await receive()
            sizes.append(len(message["body"]))
            is_more = message["more_body"]
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    with run(LargeBodies(app)) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(head("PUT", "", *way.headers(DATA)))
        for size in (10, 3 * MB, 5):
            line.sendall(way.encoded(DATA[sent : sent + size], ends=False))
            sent += size
            wait_until(partial(heard, sent))
        line.sendall(way.encoded(DATA[sent:]))
        assert answers(line, 1) == [204]
    assert sum(sizes) == len(DATA)
    assert MB <= max(sizes) <= 1.5 * MB


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("ending", ["closed", "reset"])
def test_what_came_before_the_client_went_stays(
    http: httpx.Client, name: str, begin: Begin, line: socket.socket, way: Way, ending: str
) -> None:
    path, sent = begin(), 3 * MB + 5
    line.sendall(head("PATCH", path, *way.headers(DATA)) + way.encoded(DATA[:sent], ends=False))
    wait_until(lambda: offset_of(http, path) > MB)
    if ending == "reset":  # which may overtake bytes
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()
    wait_until(lambda: http.patch(path, content=b"").status_code == 202)  # nobody else writes to it any more
    offset = offset_of(http, path)
    assert offset <= sent if ending == "reset" else offset == sent
    rest = {"Content-Range": f"{offset}-{len(DATA) - 1}"}
    answer = http.put(path, params={"digest": digest_of(DATA)}, content=DATA[offset:], headers=rest)
    assert answer.status_code == 201, answer.text
    assert http.get(f"/{name}/blobs/{digest_of(DATA)}").content == DATA


def offset_of(http: httpx.Client, path: str) -> int:
    return int(http.get(path).headers["range"].removeprefix("0-")) + 1


def test_who_is_refused_for_what_came_hears_why_and_the_line_goes_on(
    begin: Begin, line: socket.socket, way: Way
) -> None:
    request = put(begin(), DATA, *way.headers(DATA), digest=digest_of(b"other bytes"))
    line.sendall(request + way.encoded(DATA) + VERSION)
    assert answers(line, 2) == [400, 200]


def test_a_body_that_nobody_wants_is_read_to_its_end(begin: Begin, line: socket.socket, way: Way) -> None:
    """It is larger than a blob may be, and than what is read before the answer."""
    data = DATA * 8
    line.sendall(head("PATCH", begin(), *way.headers(data)) + way.encoded(data) + VERSION)
    assert answers(line, 2) == [413, 200]


def test_two_lengths_are_refused(begin: Begin, connect: Callable[[], socket.socket]) -> None:
    """What one reader takes for a body another could take for requests (RFC 9112, 6.3)."""
    for other in ("Content-Length: 1", "Transfer-Encoding: chunked"):
        with connect() as line:
            line.sendall(put(begin(), DATA, *length(DATA), other) + DATA[:MB])
            assert answers(line, 1) == [400]

"""Requests that no client library would send."""

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Connect = Callable[[], socket.socket]
Begin = Callable[[], str]

HOSTILE_PATHS = [
    "/{registry}/../{registry}/web/manifests/latest",
    "/{registry}/%2e%2e/web/manifests/latest",
    "/{registry}%2f..%2f..%2fetc/blobs/sha256:" + "0" * 64,
    "/{registry}/web/blobs/..%2f..%2f..%2fetc%2fpasswd",
    "/{registry}/web/blobs/sha256:..%2f..%2fx",
    "/{registry}/web/blobs/uploads/..%2f..%2fsha256",
    "/{registry}/web/blobs/uploads/%00",
    "/{registry}/web%00/manifests/latest",
    "/{registry}/web%0a/manifests/latest",
    "/{registry}/WEB/manifests/latest",
    "/{registry}/web/manifests/..",
    "/{registry}/web/manifests/%ff%fe",
    "/{registry}/web/manifests/latest%00",
    "/{registry}//web/manifests/latest",
    "//{registry}/web/manifests/latest",
    "/manifests/latest",
    "/{registry}/manifests/latest",
    "/" + "a/" * 4000 + "manifests/latest",
    "/{registry}/web/tags/list/",
    "/{registry}/web/nothing",
    "/%7bname%7d/tags/list",
]


@pytest.fixture
def ask(connect: Connect) -> Callable[[bytes], bytes]:
    """What comes back for these very bytes."""

    def exchange(request: bytes) -> bytes:
        with connect() as connection:
            connection.sendall(request)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer

    return exchange


def request_of(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} /v2{path} HTTP/1.1", "Host: registry", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"])
def test_a_hostile_path_is_refused_and_touches_nothing(
    ask: Callable[[bytes], bytes], name: str, tmp_path: Path, method: str
) -> None:
    before = files(tmp_path)
    for path in HOSTILE_PATHS:
        answer = ask(request_of(method, path.format(registry=name.partition("/")[0])))
        assert 400 <= status(answer) < 500, answer
        assert b"Traceback" not in answer
    assert files(tmp_path) == before


def files(folder: Path) -> set[Path]:
    """All but the journals of SQLite."""
    return {path for path in folder.rglob("*") if not path.name.endswith(("-wal", "-shm"))}


def test_a_path_that_leads_nowhere_is_answered_in_the_registry_s_way(http: httpx.Client, name: str) -> None:
    for path in ("/nothing", "%0ax/tags/list", "/%0a"):
        answer = http.get(f"/{name}{path}")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "UNSUPPORTED"
    answer = http.put(f"/{name}/manifests/a%0d%0ab", content=b"{}")
    assert answer.json()["errors"][0]["code"] == "MANIFEST_INVALID"


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: -1",),
        ("Content-Length: 99999999999999999999999",),
        ("Content-Length: 9223372036854775807",),
        ("Content-Length: 1e3",),
        ("Content-Length: 4", "Content-Length: 5"),
        ("Content-Length: 4", "Content-Range: -5--1"),
        ("Content-Length: 4", "Content-Range: 18446744073709551616-18446744073709551619"),
        ("Content-Length: 4", "Content-Range: 0-3, 4-7"),
        ("Content-Length: 4", "Content-Range: 0-9223372036854775807"),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: gzip",),
    ],
)
def test_a_hostile_header_is_refused(
    ask: Callable[[bytes], bytes],
    http: httpx.Client,
    begin: Begin,
    headers: tuple[str, ...],
) -> None:
    path = begin()
    with_body = b"" if "999" in headers[0] or "9223" in headers[0] else b"data"
    request = request_of("PATCH", path, "Expect: 100-continue", *headers, body=with_body)
    assert 400 <= status(ask(request)) < 502
    assert http.get(path).headers["range"] == "0-0"


def test_a_body_without_a_length_is_an_empty_one(
    ask: Callable[[bytes], bytes], http: httpx.Client, begin: Begin
) -> None:
    path = begin()
    assert status(ask(request_of("PATCH", path))) == 202
    assert http.get(path).headers["range"] == "0-0"


def test_a_length_beyond_the_limit_is_refused_before_a_byte_is_read(
    ask: Callable[[bytes], bytes], begin: Begin
) -> None:
    request = request_of("PATCH", begin(), "Expect: 100-continue", "Content-Length: 1000000000000")
    assert status(ask(request)) == 413


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]),
    end=st.sampled_from(["blobs/", "blobs/uploads/", "manifests/", "tags/list?n=", "_catalog?last=", ""]),
    text=st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=30),
    content_range=st.none() | st.text(alphabet="0123456789-, bytes*/", max_size=20).map(str.strip),
    content_type=st.none() | st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126)),
)
def test_nothing_makes_the_registry_fail(  # noqa: PLR0913, PLR0917 - the parts of a request
    http: httpx.Client,
    name: str,
    method: str,
    end: str,
    text: bytes,
    content_range: str | None,
    content_type: str | None,
) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in text)
    headers = {"Content-Range": content_range, "Content-Type": content_type, "Range": content_range}
    answer = http.request(
        method,
        f"/{name}/{end}{quoted}",
        content=text,
        headers={key: value for key, value in headers.items() if value is not None},
    )
    assert answer.status_code < 500

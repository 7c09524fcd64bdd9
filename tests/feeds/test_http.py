"""Documents are fetched whole or not at all, whatever the network and the upstream do."""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import pytest

from careen.errors import Invalid
from careen.feeds._transfer import Limits, _retry_after
from careen.feeds.document import Cursor, NotPublished, TooLarge, Unreachable
from careen.feeds.http import Http, parts

QUICK = Limits(backoff=0.001)
BODY = bytes(range(256)) * 1000


class Upstream(Protocol):
    requests: list[tuple[str, dict[str, str]]]

    @property
    def url(self) -> str: ...
    def server_close(self) -> None: ...
    def will(
        self, path: str, status: int, body: bytes = b"", cut: int | None = None, **headers: str
    ) -> None: ...


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(limits=QUICK) as made:
        yield made


def test_a_document_is_kept_under_its_digest(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 200, BODY, ETag='"1"', Last_Modified="Sun, 22 Nov 2026 10:00:00 GMT")
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert document.path.read_bytes() == BODY
    assert document.path.name == document.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (document.etag, document.last_modified) == ('"1"', "Sun, 22 Nov 2026 10:00:00 GMT")
    assert list(tmp_path.iterdir()) == [document.path]


def test_an_unchanged_document_is_not_sent_again(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 200, BODY, ETag='"1"', Last_Modified="Sun, 22 Nov 2026 10:00:00 GMT")
    upstream.will("/a", 304)
    seen = http.get(f"{upstream.url}/a", tmp_path)
    assert http.get(f"{upstream.url}/a", tmp_path, seen) is None
    _, headers = upstream.requests[1]
    assert headers["if-none-match"] == '"1"'
    assert headers["if-modified-since"] == "Sun, 22 Nov 2026 10:00:00 GMT"


def test_the_same_bytes_are_nothing_new_even_without_an_etag(
    http: Http, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.will("/a", 200, BODY)
    seen = http.get(f"{upstream.url}/a", tmp_path)
    assert http.get(f"{upstream.url}/a", tmp_path, seen) is None


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_for_again(
    http: Http, upstream: Upstream, tmp_path: Path, status: int
) -> None:
    upstream.will("/a", status, b"busy", Retry_After="0")
    upstream.will("/a", 200, BODY)
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert document.path.read_bytes() == BODY


def test_it_is_not_asked_for_ever(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 503)
    with pytest.raises(Unreachable, match="answered 503"):
        http.get(f"{upstream.url}/a", tmp_path)
    assert len(upstream.requests) == QUICK.attempts
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_asked_for_once(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 404)
    with pytest.raises(NotPublished, match="/a does not exist"):
        http.get(f"{upstream.url}/a", tmp_path)
    assert len(upstream.requests) == 1


def test_a_refusal_is_no_document(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 403, b"<html>go away")
    with pytest.raises(Unreachable, match="answered 403"):
        http.get(f"{upstream.url}/a", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_broke_off_is_resumed(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 200, BODY, cut=100_000, ETag='"1"')
    upstream.will("/a", 206, BODY[100_000:], Content_Range=f"bytes 100000-{len(BODY) - 1}/{len(BODY)}")
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert document.path.read_bytes() == BODY
    assert document.etag == '"1"'
    _, headers = upstream.requests[1]
    assert (headers["range"], headers["if-range"]) == ("bytes=100000-", '"1"')


def test_a_body_that_changed_meanwhile_is_read_from_its_beginning(
    http: Http, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.will("/a", 200, BODY, cut=100_000, ETag='"1"')
    upstream.will("/a", 200, b"another", ETag='"2"')
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert (document.path.read_bytes(), document.etag) == (b"another", '"2"')


@pytest.mark.parametrize(
    ("status", "headers"),
    [(416, {}), (206, {"Content_Range": "bytes 7-9/10"}), (206, {})],
    ids=["not-satisfiable", "another-part", "no-part-named"],
)
def test_a_wrong_part_is_never_joined_to_what_is_there(
    http: Http, upstream: Upstream, tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    upstream.will("/a", 200, BODY, cut=100_000, ETag='"1"')
    upstream.will("/a", status, b"???", None, **headers)
    upstream.will("/a", 200, BODY, ETag='"1"')
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert document.path.read_bytes() == BODY
    assert "range" not in upstream.requests[2][1]


def test_a_compressed_body_that_broke_off_is_not_resumed(
    http: Http, upstream: Upstream, tmp_path: Path
) -> None:
    packed = gzip.compress(BODY)
    upstream.will("/a", 200, packed, cut=500, ETag='"1"', Content_Encoding="gzip")
    upstream.will("/a", 200, packed, ETag='"1"', Content_Encoding="gzip")
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert document.path.read_bytes() == BODY
    assert "range" not in upstream.requests[1][1]


def test_a_body_that_always_breaks_off_is_no_document(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 200, BODY, cut=100)
    with pytest.raises(Unreachable):
        http.get(f"{upstream.url}/a", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_document_beyond_the_limit_is_refused(upstream: Upstream, tmp_path: Path, encoding: str) -> None:
    upstream.will("/a", 200, gzip.compress(BODY) if encoding == "gzip" else BODY, Content_Encoding=encoding)
    with Http(limits=Limits(size=1000)) as http, pytest.raises(TooLarge, match="more than 1000 bytes"):
        http.get(f"{upstream.url}/a", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_redirects_are_followed_but_not_for_ever(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 302, Location="/b")
    upstream.will("/b", 200, BODY)
    upstream.will("/loop", 302, Location="/loop")
    document = http.get(f"{upstream.url}/a", tmp_path)
    assert document
    assert document.url.endswith("/a")
    with pytest.raises(Unreachable, match="redirects"):
        http.get(f"{upstream.url}/loop", tmp_path)


def test_a_host_that_cannot_be_reached_is_given_up_after_the_first_document(
    upstream: Upstream, tmp_path: Path
) -> None:
    url = upstream.url
    upstream.server_close()
    with Http(limits=QUICK) as http:
        with pytest.raises(Unreachable):
            http.get(f"{url}/a", tmp_path)
        with pytest.raises(Unreachable, match="is not to be reached"):
            http.get(f"{url}/b", tmp_path)


def test_one_document_that_is_missing_does_not_hide_the_others(
    http: Http, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.will("/a", 200, BODY)
    fetched = http.fetch([f"{upstream.url}/{name}" for name in "xa"], Cursor(tmp_path))
    assert fetched
    assert [document.url for document in fetched.documents] == [f"{upstream.url}/a"]
    assert [failure.url for failure in fetched.failures] == [f"{upstream.url}/x"]


def test_nothing_new_is_none(http: Http, upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/a", 200, BODY)
    url = f"{upstream.url}/a"
    document = http.get(url, tmp_path)
    assert document
    assert http.fetch([url], Cursor(tmp_path, {url: document})) is None


def test_a_mirror_folder_holds_documents_by_host_and_path(tmp_path: Path) -> None:
    path = tmp_path / "mirror/osv.example/AlmaLinux:8/all.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    with Http(str(tmp_path / "mirror")) as http:
        for url in ("https://osv.example/AlmaLinux:8/all.zip", "https://osv.example/AlmaLinux%3A8/all.zip"):
            document = http.get(url, tmp_path / "kept")
            assert document
            assert document.path.read_bytes() == BODY


def test_what_the_mirror_lacks_is_named(tmp_path: Path) -> None:
    with Http(str(tmp_path)) as http, pytest.raises(NotPublished, match=r"osv\.example/x/all\.zip"):
        http.get("https://osv.example/x/all.zip", tmp_path / "kept")


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "%2e%2e/secret", "a/%2e%2e%2fsecret", "a//b", "a\\..\\b", "%00"]
)
def test_no_url_leads_out_of_the_mirror_folder(path: str) -> None:
    with pytest.raises(Invalid, match="no place in a mirror"):
        parts(f"https://host.example/{path}")


def test_a_mirror_that_is_no_folder_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is not a folder"):
        Http(str(tmp_path / "absent"))


def test_a_mirror_url_stands_before_host_and_path(upstream: Upstream, tmp_path: Path) -> None:
    upstream.will("/mirror/osv.example/PyPI/all.zip", 200, BODY, ETag='"m"')
    with Http(f"{upstream.url}/mirror/", limits=QUICK) as http:
        document = http.get("https://osv.example/PyPI/all.zip", tmp_path)
    assert document
    assert (document.url, document.etag) == ("https://osv.example/PyPI/all.zip", '"m"')


def test_retry_after_is_seconds_or_a_date_and_has_bounds() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < _retry_after(soon) <= 30
    assert [_retry_after(text) for text in ("5", "99999999999999", "-3", "soon", "")] == [5, 60, 0, 0, 0]
    assert _retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0


def test_single_upstreams_may_be_had_from_elsewhere(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "mirror" / "a.example").mkdir(parents=True)
    (tmp_path / "mirror" / "a.example" / "x").write_text("mirrored")
    (tmp_path / "osv" / "PyPI").mkdir(parents=True)
    (tmp_path / "osv" / "PyPI" / "all.zip").write_text("a folder's")
    upstream.will("/debian/json", 200, b"a server's")
    replaced = {
        "https://b.example/bucket": str(tmp_path / "osv"),
        "https://c.example/tracker/data": f"{upstream.url}/debian",
        "https://d.example/one": str(tmp_path / "osv" / "PyPI" / "all.zip"),
    }
    with Http(str(tmp_path / "mirror"), replaced=replaced) as http:
        had = [
            http.get(url, tmp_path / "kept")
            for url in (
                "https://a.example/x",
                "https://b.example/bucket/PyPI/all.zip",
                "https://c.example/tracker/data/json",
                "https://d.example/one",
            )
        ]
        assert http.place("https://b.example/bucketful/x") == str(tmp_path / "mirror")
        with pytest.raises(Invalid):
            http.get("https://b.example/bucket/../../x", tmp_path / "kept")
    texts = [document.path.read_text() for document in had if document]
    assert texts == ["mirrored", "a folder's", "a server's", "a folder's"]

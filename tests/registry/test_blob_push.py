"""Pushing blobs, in each of the specification's ways."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from careen.model.digest import Digest
from careen.store import blobs
from careen.store.database import Database

DATA = b"0123456789"
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
WRONG = "sha256:" + "0" * 64
LIMIT = 8 << 20  # bytes: the largest blob that the server of these tests takes

Begin = Callable[[], str]
Refused = Callable[..., dict[str, str]]
Files = Callable[[], list[str]]


def in_pieces(data: bytes) -> Iterator[bytes]:
    """Makes httpx send `Transfer-Encoding: chunked`, without a Content-Length."""
    yield data[:4]
    yield data[4:]


@pytest.fixture
def assert_pushed(http: httpx.Client, name: str, upload_files: Files) -> Callable[[httpx.Response], None]:
    def check(answer: httpx.Response) -> None:
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"/v2/{name}/blobs/{DIGEST}"
        assert answer.headers["docker-content-digest"] == DIGEST
        assert http.get(f"/{name}/blobs/{DIGEST}").content == DATA
        assert upload_files() == []

    return check


Pushed = Callable[[httpx.Response], None]


def test_an_upload_begins_with_its_location(http: httpx.Client, name: str) -> None:
    answer = http.post(f"/{name}/blobs/uploads/")
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["location"].startswith(f"/v2/{name}/blobs/uploads/")
    assert answer.headers["range"] == "0-0"
    assert answer.headers["location"].endswith(answer.headers["docker-upload-uuid"])


def test_a_blob_is_pushed_by_post_and_put(http: httpx.Client, begin: Begin, assert_pushed: Pushed) -> None:
    assert_pushed(http.put(begin(), params={"digest": DIGEST}, content=DATA))


def test_a_blob_is_pushed_by_one_post(http: httpx.Client, name: str, assert_pushed: Pushed) -> None:
    assert_pushed(http.post(f"/{name}/blobs/uploads/", params={"digest": DIGEST}, content=DATA))


def test_a_blob_is_pushed_as_a_stream(http: httpx.Client, begin: Begin, assert_pushed: Pushed) -> None:
    path = begin()
    answer = http.patch(path, content=in_pieces(DATA))
    assert (answer.status_code, answer.headers["range"]) == (202, "0-9")
    assert_pushed(http.put(path, params={"digest": DIGEST}))


def test_a_blob_is_pushed_in_chunks(http: httpx.Client, begin: Begin, assert_pushed: Pushed) -> None:
    path = begin()
    first = http.patch(path, content=DATA[:4], headers={"Content-Range": "0-3"})
    assert (first.status_code, first.headers["range"]) == (202, "0-3")
    second = http.patch(path, content=in_pieces(DATA[4:9]), headers={"Content-Range": "4-8"})
    assert (second.status_code, second.headers["range"]) == (202, "0-8")
    last = http.put(path, params={"digest": DIGEST}, content=DATA[9:], headers={"Content-Range": "9-9"})
    assert_pushed(last)


def test_a_put_without_a_body_closes_the_upload(
    http: httpx.Client, begin: Begin, assert_pushed: Pushed
) -> None:
    path = begin()
    http.patch(path, content=DATA)
    assert_pushed(http.put(path, params={"digest": DIGEST}))
    assert http.get(path).status_code == 404


def test_the_status_of_an_upload_says_how_far_it_is(http: httpx.Client, begin: Begin) -> None:
    path = begin()
    http.patch(path, content=DATA)
    answer = http.get(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["range"] == "0-9"
    assert answer.headers["location"] == f"/v2{path}"


@pytest.mark.parametrize("content_range", ["0-3", "5-8", "3-6", "x", "7-4", "-1-2", "lines 4-7/10", "4-"])
def test_a_chunk_out_of_order_is_refused_and_the_upload_goes_on(
    http: httpx.Client, begin: Begin, refused: Refused, assert_pushed: Pushed, content_range: str
) -> None:
    path = begin()
    http.patch(path, content=DATA[:4])
    answer = http.patch(path, content=DATA[4:8], headers={"Content-Range": content_range})
    refused(answer, 416, "BLOB_UPLOAD_INVALID")
    assert answer.headers["range"] == "0-3"
    assert answer.headers["location"] == f"/v2{path}"
    assert_pushed(http.put(path, params={"digest": DIGEST}, content=DATA[4:]))


def test_a_last_chunk_out_of_order_is_refused(http: httpx.Client, begin: Begin, refused: Refused) -> None:
    path = begin()
    http.patch(path, content=DATA[:4])
    answer = http.put(path, params={"digest": DIGEST}, content=DATA[5:], headers={"Content-Range": "5-9"})
    refused(answer, 416, "BLOB_UPLOAD_INVALID")


def test_a_chunk_of_another_length_than_it_says_is_refused(
    http: httpx.Client, begin: Begin, refused: Refused
) -> None:
    for data in (DATA[:3], DATA[:5]):
        plain, streamed = begin(), begin()
        refused(http.patch(plain, content=data, headers={"Content-Range": "0-3"}), 400, "SIZE_INVALID")
        answer = http.patch(streamed, content=in_pieces(data), headers={"Content-Range": "0-3"})
        assert answer.status_code in {400, 413}
        assert answer.json()["errors"][0]["code"] == "SIZE_INVALID"


def test_a_wrong_digest_is_refused_and_leaves_nothing(
    http: httpx.Client,
    name: str,
    begin: Begin,
    refused: Refused,
    upload_files: Files,
    blob_files: Callable[[], set[str]],
) -> None:
    path = begin()
    refused(http.put(path, params={"digest": WRONG}, content=DATA), 400, "DIGEST_INVALID")
    refused(http.get(path), 404, "BLOB_UPLOAD_UNKNOWN")
    once = http.post(f"/{name}/blobs/uploads/", params={"digest": WRONG}, content=DATA)
    refused(once, 400, "DIGEST_INVALID")
    assert upload_files() == []
    assert blob_files() == set()
    assert http.head(f"/{name}/blobs/{DIGEST}").status_code == 404


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:" + "0" * 63, "sha512:" + "0" * 127, "../../etc"])
def test_what_is_no_digest_is_refused_before_anything_is_made(
    http: httpx.Client, name: str, begin: Begin, refused: Refused, digest: str
) -> None:
    once = http.post(f"/{name}/blobs/uploads/", params={"digest": digest}, content=DATA)
    refused(once, 400, "DIGEST_INVALID")
    refused(http.get(f"/{name}/tags/list"), 404, "NAME_UNKNOWN")
    refused(http.put(begin(), params={"digest": digest}, content=DATA), 400, "DIGEST_INVALID")


def test_a_put_names_its_digest(http: httpx.Client, begin: Begin, refused: Refused) -> None:
    refused(http.put(begin(), content=DATA), 400, "DIGEST_INVALID")


def test_a_cancelled_upload_is_gone(
    http: httpx.Client, begin: Begin, refused: Refused, upload_files: Files
) -> None:
    path = begin()
    http.patch(path, content=DATA)
    assert http.delete(path).status_code == 204
    assert upload_files() == []
    for method in ("GET", "PATCH", "DELETE"):
        refused(http.request(method, path), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(http.put(path, params={"digest": DIGEST}, content=DATA), 404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository(
    http: httpx.Client, name: str, begin: Begin, push_blob: Callable[..., str], refused: Refused
) -> None:
    push_blob(b"so that it exists", f"{name}-other")
    path = begin().replace(name, f"{name}-other")
    refused(http.patch(path, content=DATA), 404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("upload_id", ["x", "..", "%2e%2e", "a%00b", "0" * 36, "%2Fetc%2Fpasswd", "a" * 5000])
def test_an_upload_id_that_is_none_is_unknown(
    http: httpx.Client, name: str, begin: Begin, upload_id: str
) -> None:
    begin()
    answer = http.get(f"/{name}/blobs/uploads/{upload_id}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] in {"BLOB_UPLOAD_UNKNOWN", "UNSUPPORTED"}


def test_a_registry_that_is_not_there_takes_no_uploads(http: httpx.Client, refused: Refused) -> None:
    answer = http.post("/crp00000000000000000/web/blobs/uploads/")
    assert refused(answer, 404, "NAME_UNKNOWN") == {"name": "crp00000000000000000"}
    assert answer.json()["errors"][0]["message"] == "Registry crp00000000000000000 not found"


def test_a_blob_is_mounted_from_another_repository(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    digest, source = push_blob(DATA, f"{name}-source"), f"{name}-source"
    answer = http.post(f"/{name}/blobs/uploads/", params={"mount": digest, "from": source})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v2/{name}/blobs/{digest}"
    assert answer.headers["docker-content-digest"] == digest
    assert http.get(f"/{name}/blobs/{digest}").content == DATA


def test_a_blob_is_mounted_from_wherever_it_is(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    digest = push_blob(DATA, f"{name}-source")
    assert http.post(f"/{name}/blobs/uploads/", params={"mount": digest}).status_code == 201
    assert http.get(f"/{name}/blobs/{digest}").content == DATA


def test_what_cannot_be_mounted_is_to_be_uploaded(
    http: httpx.Client, name: str, push_blob: Callable[..., str], assert_pushed: Pushed
) -> None:
    digest, source = push_blob(DATA, f"{name}-source"), f"{name}-source"
    for mount, origin in [
        (WRONG, source),
        (digest, name),
        (digest, "nowhere/x"),
        ("x", source),
        (digest, ".."),
    ]:
        answer = http.post(f"/{name}/blobs/uploads/", params={"mount": mount, "from": origin})
        assert answer.status_code == 202, (mount, origin)
        http.delete(answer.headers["location"].removeprefix("/v2"))
    answer = http.post(f"/{name}/blobs/uploads/", params={"mount": WRONG, "from": source})
    path = answer.headers["location"].removeprefix("/v2")
    assert_pushed(http.put(path, params={"digest": DIGEST}, content=DATA))


def test_a_blob_may_be_as_large_as_the_limit_and_no_larger(
    http: httpx.Client, name: str, begin: Begin, refused: Refused, push_blob: Callable[..., str]
) -> None:
    push_blob(bytes(LIMIT))
    refused(http.patch(begin(), content=bytes(LIMIT + 1)), 413, "SIZE_INVALID")
    refused(http.patch(begin(), content=in_pieces(bytes(LIMIT + 1))), 413, "SIZE_INVALID")
    path = begin()
    http.patch(path, content=DATA)
    chunk = {"Content-Range": f"10-{LIMIT}"}
    refused(http.patch(path, content=in_pieces(bytes(LIMIT - 9)), headers=chunk), 413, "SIZE_INVALID")


def test_the_same_blob_may_be_pushed_by_many_at_once(
    http: httpx.Client,
    name: str,
    push_blob: Callable[..., str],
    sqlite_database: Database,
    upload_files: Files,
) -> None:
    data = bytes(3_000_000)
    with ThreadPoolExecutor(6) as pool:
        digests = set(pool.map(push_blob, [data] * 12))
    (digest,) = digests
    assert http.get(f"/{name}/blobs/{digest}").content == data
    assert upload_files() == []
    with sqlite_database.read() as connection:
        blob = blobs.get(connection, Digest(digest))
    assert blob is not None
    assert blob.size == len(data)


def test_pushing_a_blob_again_changes_nothing(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    assert push_blob(DATA) == push_blob(DATA) == DIGEST
    assert http.get(f"/{name}/blobs/{DIGEST}").content == DATA


def test_the_digest_s_algorithm_may_be_said_before_the_bytes(
    http: httpx.Client, name: str, refused: Refused
) -> None:
    sha512 = f"sha512:{hashlib.sha512(DATA).hexdigest()}"
    for asked, digest in (("sha512", sha512), ("sha512", DIGEST), ("sha256", sha512)):
        begun = http.post(f"/{name}/blobs/uploads/", params={"digest-algorithm": asked})
        path = begun.headers["location"].removeprefix("/v2")
        for piece in (DATA[:3], DATA[3:]):
            http.patch(path, content=piece)
        assert http.put(path, params={"digest": digest}).status_code == 201
        assert http.get(f"/{name}/blobs/{digest}").content == DATA
    answer = http.post(f"/{name}/blobs/uploads/", params={"digest-algorithm": "md5"})
    refused(answer, 400, "DIGEST_INVALID")


def test_an_encoded_blob_or_manifest_is_refused(
    http: httpx.Client, name: str, begin: Begin, refused: Refused, upload_files: Callable[[], list[str]]
) -> None:
    gzipped = {"Content-Encoding": "gzip"}
    refused(http.patch(begin(), content=DATA, headers=gzipped), 415, "UNSUPPORTED")
    refused(http.put(f"/{name}/manifests/v1", content=b"{}", headers=gzipped), 415, "UNSUPPORTED")
    posted = http.post(f"/{name}/blobs/uploads/", params={"digest": DIGEST}, content=DATA, headers=gzipped)
    refused(posted, 415, "UNSUPPORTED")
    assert len(upload_files()) <= 1

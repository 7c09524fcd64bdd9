"""Lists of tags and repositories, page by page; and the token that is asked for before."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from careen.store.database import Database

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TAGS = ["10", "9", "Z", "_x", "a", "b", "v1.0"]  # in lexical order

Refused = Callable[..., dict[str, str]]


@pytest.fixture
def server(
    database: Database, serve: Callable[[Database], AbstractContextManager[object]]
) -> Iterator[object]:
    """On both engines."""
    with serve(database) as started:
        yield started


@pytest.fixture
def tagged(http: httpx.Client, name: str, manifest_of: Callable[..., bytes]) -> str:
    """The path of the list of a repository with all TAGS."""
    body = manifest_of(b"layer")
    for tag in reversed(TAGS):
        put = http.put(f"/{name}/manifests/{tag}", content=body, headers={"Content-Type": MANIFEST})
        assert put.status_code == 201
    return f"/{name}/tags/list"


def test_tags_come_in_lexical_order(http: httpx.Client, name: str, tagged: str) -> None:
    answer = http.get(tagged)
    assert answer.json() == {"name": name, "tags": TAGS}
    assert "link" not in answer.headers


def test_following_the_links_finds_every_tag_once(http: httpx.Client, tagged: str) -> None:
    for size in (1, 2, 3, 6, 7, 8):
        assert list(followed(http, f"{tagged}?n={size}", size)) == TAGS


def followed(http: httpx.Client, path: str, size: int) -> Iterator[str]:
    """The tags of all pages."""
    while path:
        answer = http.get(path)
        page = answer.json()["tags"]
        assert 0 < len(page) <= size
        yield from page
        path = answer.links.get("next", {}).get("url", "").removeprefix("/v2")


def test_a_page_may_begin_anywhere(http: httpx.Client, tagged: str) -> None:
    assert http.get(tagged, params={"last": "Z"}).json()["tags"] == TAGS[3:]
    assert http.get(tagged, params={"last": "Zz"}).json()["tags"] == TAGS[3:]
    assert http.get(tagged, params={"last": "zzz"}).json()["tags"] == []


def test_no_entries_asked_for_is_none_given(http: httpx.Client, tagged: str) -> None:
    answer = http.get(tagged, params={"n": "0"})
    assert answer.json()["tags"] == []
    assert "link" not in answer.headers


def test_a_page_that_is_none_is_refused(http: httpx.Client, tagged: str, refused: Refused) -> None:
    queries = ("n=-1", "n=x", "n=", "n=1.5", "n=%D9%A1", "last=%00", "last=a%0Ab", "last=" + "a" * 300)
    for query in queries:
        refused(http.get(f"{tagged}?{query}"), 400, "UNSUPPORTED")


def test_an_enormous_page_is_a_full_one(http: httpx.Client, tagged: str) -> None:
    assert http.get(tagged, params={"n": "9" * 400}).json()["tags"] == TAGS


def test_an_unknown_repository_has_no_tags(http: httpx.Client, name: str, refused: Refused) -> None:
    refused(http.get(f"/{name}/tags/list"), 404, "NAME_UNKNOWN")


def test_the_catalog_names_every_repository(
    http: httpx.Client, name: str, push_blob: Callable[..., str]
) -> None:
    names = [f"{name}/{end}" for end in ("a", "b", "c")]
    for repository in reversed(names):
        push_blob(b"x", repository)
    assert http.get("/_catalog").json() == {"repositories": names}
    first = http.get("/_catalog", params={"n": 2})
    assert first.json()["repositories"] == names[:2]
    second = http.get(first.links["next"]["url"].removeprefix("/v2"))
    assert second.json()["repositories"] == names[2:]
    assert "link" not in second.headers


def test_anybody_gets_a_token(http: httpx.Client) -> None:
    query = {"account": "iam", "service": "registry", "scope": "repository:x/y:pull,push"}
    answer = http.get("/token/", params=query, auth=("iam", "whatever"))
    assert http.get("/token", params=query).status_code == 200
    token = answer.json()
    assert answer.status_code == 200
    assert token["token"] == token["access_token"] != ""
    assert token["expires_in"] >= 60
    age = datetime.now(UTC) - datetime.fromisoformat(token["issued_at"])
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_any_credentials_will_do(http: httpx.Client) -> None:
    for authorization in ("Bearer anonymous", "Basic dTpw", "Basic !", "nonsense", ""):
        answer = http.get("/", headers={"Authorization": authorization})
        assert answer.status_code == 200
        assert "www-authenticate" not in answer.headers

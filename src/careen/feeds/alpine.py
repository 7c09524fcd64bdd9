"""Alpine's secdb (secdb.alpinelinux.org): which version of a source package fixes what, on one branch."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from careen.errors import Error
from careen.feeds import _secdb
from careen.feeds.document import Cursor, Document, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem
from careen.model.problem import Problem
from careen.versions import apk

NAME = "alpine"

_SECDB = "https://secdb.alpinelinux.org"
PAGES = "https://security.alpinelinux.org/vuln/"
_URL = re.compile(r"https://secdb\.alpinelinux\.org/(v3\.[0-9]{1,4}|edge)/(?:main|community)\.json")

# End of support (alpinelinux.org/releases).
_MINOR = {
    3: "2017-11-01",
    4: "2018-05-01",
    5: "2018-11-01",
    6: "2019-05-01",
    7: "2019-11-01",
    8: "2020-05-01",
    9: "2020-11-01",
    10: "2021-05-01",
    11: "2021-11-01",
    12: "2022-05-01",
    13: "2022-11-01",
    14: "2023-05-01",
    15: "2023-11-01",
    16: "2024-05-23",
    17: "2024-11-22",
    18: "2025-05-09",
    19: "2025-11-01",
    20: "2026-04-01",
    21: "2026-11-01",
    22: "2027-05-01",
    23: "2027-11-01",
    24: "2028-06-01",
}
END_OF_LIFE = {f"v3.{minor}": day for minor, day in _MINOR.items()}
RELEASES = (*END_OF_LIFE, "edge")
_FURTHEST = 20  # releases that careen does not know yet: ten years


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    """All releases that careen or `seen` knows, and those after them as far as there are any."""
    urls = [*(url for release in RELEASES for url in _urls(release)), *seen.documents]
    known = http.fetch(dict.fromkeys(urls), seen) or Fetched()
    newer = _newer(http, seen)
    rest = http.fetch((document.url.replace("main", "community") for document in newer), seen) or Fetched()
    fetched = Fetched((*known.documents, *newer, *rest.documents), known.failures + rest.failures)
    return fetched if fetched != Fetched() else None


def _urls(release: str) -> tuple[str, str]:
    return (f"{_SECDB}/{release}/main.json", f"{_SECDB}/{release}/community.json")


def _newer(http: Http, seen: Cursor) -> list[Document]:
    """The main repositories of releases that came out after careen."""
    found: list[Document] = []
    first = max(_MINOR) + 1
    for minor in range(first, first + _FURTHEST):
        url, _ = _urls(f"v3.{minor}")
        if url in seen.documents:
            continue
        try:
            document = http.get(url, seen.folder)
        except Error:
            break  # there is none so far; a network that is down has shown with the known ones
        found += [document] if document else []
    return found


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:
    """`name` is the document's URL, which tells the release."""
    url = _URL.fullmatch(name)
    if not url:
        raise InvalidDocument(f"{name} is no document of Alpine's secdb")
    release = url[1]
    yield Ecosystem(f"Alpine:{release}", apk.NAME, end_of_life=END_OF_LIFE.get(release, ""))
    yield from _secdb.advisories(document, f"Alpine:{release}", PAGES)

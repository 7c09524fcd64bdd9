"""New releases of Alpine come by themselves."""

import json
from pathlib import Path

import pytest

from careen.feeds import alpine
from careen.feeds.document import Cursor
from careen.feeds.http import Http
from careen.model.advisory import Ecosystem

NEWEST = 24  # that careen knows


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def publish(mirror: Path, *releases: str) -> None:
    for release in releases:
        for repository in ("main", "community"):
            path = mirror / "secdb.alpinelinux.org" / release / f"{repository}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"distroversion": release, "reponame": repository, "packages": []}))


def fetch(mirror: Path, seen: Cursor) -> tuple[set[str], int]:
    """The releases that came, and how many documents could not be had."""
    with Http(str(mirror)) as http:
        fetched = alpine.fetch(http, seen)
    assert fetched
    return {document.url.split("/")[3] for document in fetched.documents}, len(fetched.failures)


def test_all_known_releases_and_edge_are_fetched(mirror: Path, tmp_path: Path) -> None:
    known = {f"v3.{minor}" for minor in range(3, NEWEST + 1)} | {"edge"}
    publish(mirror, *known)
    assert fetch(mirror, Cursor(tmp_path / "kept")) == (known, 0)


def test_releases_after_careen_are_found_until_one_is_missing(mirror: Path, tmp_path: Path) -> None:
    publish(mirror, "v3.24", "v3.25", "v3.26", "v3.28")
    releases, _ = fetch(mirror, Cursor(tmp_path / "kept"))
    assert releases == {"v3.24", "v3.25", "v3.26"}


def test_a_release_that_was_found_once_is_missed_when_it_is_gone(mirror: Path, tmp_path: Path) -> None:
    publish(mirror, "v3.25")
    seen = Cursor(tmp_path / "kept")
    with Http(str(mirror)) as http:
        fetched = alpine.fetch(http, seen)
        assert fetched
        documents = {document.url: document for document in fetched.documents}
    (mirror / "secdb.alpinelinux.org/v3.25/main.json").unlink()
    with Http(str(mirror)) as http:
        again = alpine.fetch(http, Cursor(seen.folder, documents))
    assert again
    assert "https://secdb.alpinelinux.org/v3.25/main.json" in {failure.url for failure in again.failures}


def test_every_known_release_has_its_end_of_life(mirror: Path, tmp_path: Path) -> None:
    publish(mirror, "v3.18", "edge", "v3.25")
    with Http(str(mirror)) as http:
        fetched = alpine.fetch(http, Cursor(tmp_path / "kept"))
    assert fetched
    ends = {}
    for document in fetched.documents:
        with document.path.open("rb") as file:
            for said in alpine.parse(file, document.url):
                assert isinstance(said, Ecosystem)
                ends[said.name] = said.end_of_life
    assert ends == {"Alpine:v3.18": "2025-05-09", "Alpine:edge": "", "Alpine:v3.25": ""}

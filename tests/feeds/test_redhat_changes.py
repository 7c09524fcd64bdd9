"""Red Hat's archive is fetched once, then what has changed since its day, document by document."""

import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import zstandard

from careen.feeds import redhat
from careen.feeds._redhat_changes import CHANGES, DELETIONS, LATEST, REPOSITORIES
from careen.feeds._transfer import Limits
from careen.feeds.document import Cursor, Document, Fetched
from careen.feeds.http import Http

HOST = "/security.access.redhat.com/data/"
VEX = HOST + "csaf/v2/vex/"
BASE = CHANGES.removesuffix("changes.csv")
FIRST = "2024/cve-2024-0001.json"
SECOND = "2024/cve-2024-0002.json"


def document(number: int, modified: str) -> bytes:
    tracking = {"id": f"CVE-2024-{number:04}", "current_release_date": modified}
    head = {"tracking": tracking, "title": "of cpe:/o:redhat:enterprise_linux:9"}
    return json.dumps({"document": head, "vulnerabilities": []}).encode()


def archive(day: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        data = document(9, f"{day}T00:00:00+00:00")
        member = tarfile.TarInfo("2024/cve-2024-0009.json")
        member.size = len(data)
        made.addfile(member, io.BytesIO(data))
    return zstandard.compress(buffer.getvalue())


class Upstream(Protocol):
    answers: dict[str, list[Any]]
    requests: list[tuple[str, dict[str, str]]]

    @property
    def url(self) -> str: ...
    def will(self, path: str, status: int, body: bytes = b"", **headers: str) -> None: ...


@dataclass
class Place:
    """An upstream, and what was kept of it."""

    upstream: Upstream
    folder: Path
    kept: dict[str, Document] = field(default_factory=dict)

    def publish(self, day: str, *changes: tuple[str, str], deleted: bytes = b"") -> None:
        """`changes` are paths, each with its moment."""
        name = f"csaf_vex_{day}.tar.zst"
        lines = [f'"{path}","{moment}"\n' for path, moment in changes]
        for path, body in {
            "archive_latest.txt": name.encode(),
            name: archive(day),
            "changes.csv": "".join(lines).encode(),
            "deletions.csv": deleted,
            **{path: document(int(path[-9:-5]), moment) for path, moment in changes},
        }.items():
            self.upstream.answers[VEX + path] = []
            self.upstream.will(VEX + path, 200, body)
        self.upstream.answers[HOST + "metrics/repository-to-cpe.json"] = []
        self.upstream.will(HOST + "metrics/repository-to-cpe.json", 200, b'{"data": {}}')

    def fetch(self) -> Fetched:
        """Keeps what came, as the job does that refreshes the feeds."""
        self.upstream.requests.clear()
        with Http(self.upstream.url, limits=Limits(attempts=1)) as http:
            fetched = redhat.fetch(http, Cursor(self.folder, self.kept)) or Fetched()
        for url in fetched.gone:
            del self.kept[url]
        self.kept |= {each.url: each for each in fetched.documents}
        return fetched

    def asked(self) -> set[str]:
        return {path.removeprefix(VEX) for path, _ in self.upstream.requests}


@pytest.fixture
def place(upstream: Upstream, tmp_path: Path) -> Place:
    return Place(upstream, tmp_path)


def urls(fetched: Fetched) -> set[str]:
    assert not fetched.failures
    return {each.url for each in fetched.documents}


def test_first_the_archive_comes_and_what_has_changed_since_its_day(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"), (SECOND, "2026-03-24T23:59:59+00:00"))
    assert urls(place.fetch()) == {LATEST, REPOSITORIES, BASE + FIRST}
    assert SECOND not in place.asked()


def test_when_nothing_has_changed_nothing_is_new(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"))
    place.fetch()
    assert place.fetch() == Fetched()


def test_what_has_changed_again_comes_again(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"))
    place.fetch()
    place.publish("2026-03-25", (FIRST, "2026-03-26T00:00:00+00:00"), (SECOND, "2026-03-26T00:00:00+00:00"))
    assert urls(place.fetch()) == {BASE + FIRST, BASE + SECOND}


def test_a_copy_that_is_as_new_as_the_change_is_not_asked_for(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"))
    path = VEX + FIRST
    answer = place.upstream.answers.pop(path)[0]
    place.upstream.will(path, 200, answer.body, Last_Modified="Wed, 25 Mar 2026 12:33:40 GMT")
    place.fetch()
    place.fetch()
    assert FIRST not in place.asked()


def test_older_documents_are_dropped_once_a_newer_archive_was_kept(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"))
    place.fetch()
    place.publish("2026-04-01", (FIRST, "2026-03-25T12:33:38+00:00"), (SECOND, "2026-04-01T01:00:00+00:00"))
    fetched = place.fetch()
    assert (urls(fetched), fetched.gone) == ({LATEST, BASE + SECOND}, ())
    assert place.fetch().gone == (BASE + FIRST,)
    assert place.kept.keys() == {LATEST, REPOSITORIES, BASE + SECOND}


def test_a_list_of_deletions_is_a_document_once_there_are_any(place: Place) -> None:
    place.publish("2026-03-25", deleted=b'"2023/cve-2023-0030.json","2026-03-25T10:12:13+00:00"\n')
    assert urls(place.fetch()) == {LATEST, REPOSITORIES, DELETIONS}


@pytest.mark.parametrize(
    "name", [b"", b"<html>", b"../../csaf_vex_2026-03-25.tar.zst", b"csaf_vex_2026.tar.zst", b"x" * 9999]
)
def test_a_name_that_is_no_archive_leads_nowhere(place: Place, name: bytes) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"))
    place.upstream.answers[VEX + "archive_latest.txt"] = []
    place.upstream.will(VEX + "archive_latest.txt", 200, name)
    fetched = place.fetch()
    assert [each.url for each in fetched.failures] == [LATEST]
    assert place.asked() == {"archive_latest.txt", "deletions.csv", HOST + "metrics/repository-to-cpe.json"}


def test_without_its_list_of_changes_the_archive_is_had_and_the_lack_is_told(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"))
    place.fetch()
    place.publish("2026-04-01")
    place.upstream.answers[VEX + "changes.csv"] = []
    place.upstream.will(VEX + "changes.csv", 200, b"<html>")
    fetched = place.fetch()
    assert [each.url for each in fetched.documents] == [LATEST]
    assert ([each.url for each in fetched.failures], fetched.gone) == ([CHANGES], ())


def test_a_changed_document_that_cannot_be_had_is_told_and_the_old_one_stays(place: Place) -> None:
    place.publish("2026-03-25", (FIRST, "2026-03-25T12:33:38+00:00"), (SECOND, "2026-03-25T12:33:38+00:00"))
    place.fetch()
    place.publish("2026-03-25", (FIRST, "2026-03-26T12:33:38+00:00"), (SECOND, "2026-03-26T12:33:38+00:00"))
    place.upstream.answers[VEX + FIRST] = []
    place.upstream.will(VEX + FIRST, 403)
    fetched = place.fetch()
    assert [each.url for each in fetched.documents] == [BASE + SECOND]
    assert [each.url for each in fetched.failures] == [BASE + FIRST]
    assert BASE + FIRST in place.kept

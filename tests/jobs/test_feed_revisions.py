"""What an upstream changes document by document: the newest word counts, and the needless is dropped."""

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import zstandard

from careen.feeds import redhat
from careen.feeds.http import Http
from careen.jobs import feeds
from careen.matching.files import current
from careen.matching.snapshot import Snapshot

VEX = "security.access.redhat.com/data/csaf/v2/vex"
EL9 = "cpe:/o:redhat:enterprise_linux:9"
Documents = Mapping[str, bytes]


def vex(number: int, modified: str, package: str) -> bytes:
    """A document that says that the package has no fix in RHEL 9."""
    tree = {
        "branches": [
            {"product": {"product_id": EL9, "product_identification_helper": {"cpe": EL9}}},
            {
                "product": {
                    "product_id": package,
                    "product_identification_helper": {"purl": f"pkg:rpm/redhat/{package}"},
                }
            },
        ],
        "relationships": [
            {
                "full_product_name": {"product_id": "it"},
                "product_reference": package,
                "relates_to_product_reference": EL9,
            }
        ],
    }
    name = f"CVE-2024-{number:04}"
    return json.dumps(
        {
            "document": {"tracking": {"id": name, "current_release_date": modified}},
            "product_tree": tree,
            "vulnerabilities": [{"cve": name, "product_status": {"known_affected": ["it"]}}],
        }
    ).encode()


def path(number: int) -> str:
    return f"2024/cve-2024-{number:04}.json"


@dataclass
class Place:
    folder: Path

    def publish(
        self, day: str, archive: Documents, changes: Documents, *, moment: str = "", deleted: str = ""
    ) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as made:
            for name, data in archive.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                made.addfile(member, io.BytesIO(data))
        name = f"csaf_vex_{day}.tar.zst"
        lines = "".join(f'"{each}","{moment}"\n' for each in changes)
        files = {
            "archive_latest.txt": name.encode(),
            name: zstandard.compress(buffer.getvalue()),
            "changes.csv": lines.encode(),
            "deletions.csv": deleted.encode(),
            **changes,
        }
        for each, data in files.items():
            target = self.folder / "mirror" / VEX / each
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def update(self) -> set[tuple[str, str]]:
        """Packages that have a flaw after an update, each with its id."""
        with Http(str(self.folder / "mirror")) as http:
            feeds.update(
                [redhat], http, self.folder / "feeds", self.folder / "snapshots", today=date(2026, 11, 22)
            )
        active = current(self.folder / "snapshots")
        assert active
        with Snapshot.open(active) as snapshot:
            named = [each for number in (1, 2) for each in snapshot.named(f"CVE-2024-{number:04}")]
        return {(each.record.id, said.package) for each in named for said in each.statements}

    def kept(self) -> set[str]:
        listed = json.loads((self.folder / "feeds" / "redhat" / "kept.json").read_text())["kept"]
        return {url.rpartition("/vex/")[2] for url in listed}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


OLD = {
    path(1): vex(1, "2026-03-01T00:00:00+00:00", "curl"),
    path(2): vex(2, "2026-03-01T00:00:00+00:00", "wget"),
}
NEW = {path(1): vex(1, "2026-03-26T00:00:00+00:00", "zlib")}
MOMENT = "2026-03-26T00:00:00+00:00"


def test_a_changed_document_takes_the_place_of_what_the_archive_says(place: Place) -> None:
    place.publish("2026-03-25", OLD, {})
    assert place.update() == {("CVE-2024-0001", "curl"), ("CVE-2024-0002", "wget")}
    place.publish("2026-03-25", OLD, NEW, moment=MOMENT)
    assert place.update() == {("CVE-2024-0001", "zlib"), ("CVE-2024-0002", "wget")}


def test_what_was_deleted_is_gone(place: Place) -> None:
    place.publish("2026-03-25", OLD, {}, deleted=f'"{path(2)}","{MOMENT}"\n')
    assert place.update() == {("CVE-2024-0001", "curl")}


def test_a_changed_document_that_is_broken_leaves_the_last_word(place: Place) -> None:
    place.publish("2026-03-25", OLD, {path(1): b'{"document": '}, moment=MOMENT)
    assert place.update() == {("CVE-2024-0001", "curl"), ("CVE-2024-0002", "wget")}
    place.publish("2026-03-25", OLD, NEW, moment=MOMENT)
    place.update()
    place.publish("2026-03-25", OLD, {path(1): b"\xff"}, moment="2026-03-27T00:00:00+00:00")
    assert ("CVE-2024-0001", "zlib") in place.update()


def test_a_newer_archive_makes_older_changes_needless_and_a_broken_one_does_not(place: Place) -> None:
    place.publish("2026-03-25", OLD, NEW, moment=MOMENT)
    place.update()
    place.publish("2026-04-01", {"x": b"x"}, {})
    assert place.update() == {("CVE-2024-0001", "zlib"), ("CVE-2024-0002", "wget")}
    assert path(1) in place.kept()
    place.publish("2026-04-02", {**OLD, **NEW}, {})
    expected = {("CVE-2024-0001", "zlib"), ("CVE-2024-0002", "wget")}
    assert place.update() == expected
    assert place.update() == expected
    assert place.kept() == {"archive_latest.txt"}

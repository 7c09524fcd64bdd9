"""Snapshots are brought out and in, whole or not at all."""

import hashlib
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import pytest
import zstandard

from careen.errors import Error, Invalid, NotFound
from careen.images.place import Access
from careen.jobs.snapshot_exchange import Exchange
from careen.matching.builder import build
from careen.matching.files import activate, current
from careen.matching.schema import VERSION
from careen.matching.snapshot import InvalidSnapshot, Snapshot
from careen.matching.staging import Record
from careen.model.advisory import Advisory, Affected, Ecosystem, Range

RECORDS: list[tuple[str, Record]] = [
    ("osv", Ecosystem("PyPI", "pep440")),
    ("osv", Advisory("CVE-2024-1000", (Affected("PyPI", "flask", (Range(fixed="2"),)),))),
]


def exchange(folder: Path) -> Exchange:
    folder.mkdir(exist_ok=True)
    return Exchange(folder, Access(), lambda _: None)


@pytest.fixture
def here(tmp_path: Path) -> Exchange:
    made = exchange(tmp_path / "here")
    activate(made.snapshots, build(RECORDS, made.snapshots, today=date(2026, 11, 22)))
    return made


@pytest.fixture
def there(tmp_path: Path) -> Exchange:
    return exchange(tmp_path / "there")


def name(place: Exchange) -> str:
    path = current(place.snapshots)
    return path.name if path else ""


@pytest.mark.parametrize("target", ["out.tar", "oci:layout", "oci:layout:2026-11-22"])
def test_what_was_brought_out_is_brought_in(
    here: Exchange, there: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = here.bring_out(target)
    assert there.bring_in(target, expected=digest) == digest
    assert name(there) == name(here)
    path = current(there.snapshots)
    assert path
    with Snapshot.open(path) as snapshot:
        assert snapshot.digest == digest
    assert path.stat().st_mode & 0o222 == 0
    assert {each.name for each in there.snapshots.iterdir()} == {"current", path.name}


def test_the_same_snapshot_is_the_same_file(here: Exchange, tmp_path: Path) -> None:
    for file in ("a.tar", "b.tar"):
        here.bring_out(str(tmp_path / file))
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_a_layout_keeps_what_it_had_under_other_tags(here: Exchange, tmp_path: Path) -> None:
    for tag in ("monday", "tuesday", "tuesday"):
        here.bring_out(f"oci:{tmp_path / 'layout'}:{tag}")
    index = json.loads((tmp_path / "layout" / "index.json").read_text())
    tags = [each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]]
    assert tags == ["monday", "tuesday"]


def test_without_a_snapshot_there_is_nothing_to_bring_out(there: Exchange, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="feeds update"):
        there.bring_out(str(tmp_path / "out.tar"))
    assert not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize("target", ["/proc/out.tar", "oci:/proc/layout", "no/such/folder/out.tar"])
def test_what_cannot_be_written_is_said(here: Exchange, target: str) -> None:
    with pytest.raises(Invalid, match="cannot be written"):
        here.bring_out(target)


def test_a_folder_of_other_things_is_no_layout(here: Exchange, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("x")
    with pytest.raises(Invalid, match="neither empty nor an OCI layout"):
        here.bring_out(f"oci:{tmp_path / 'home'}")


def test_another_digest_than_was_asked_for_is_refused(
    here: Exchange, there: Exchange, tmp_path: Path
) -> None:
    here.bring_out(str(tmp_path / "out.tar"))
    with pytest.raises(InvalidSnapshot, match="was asked for"):
        there.bring_in(str(tmp_path / "out.tar"), expected="sha256:" + "0" * 64)
    assert name(there) == ""


class Forged:
    """A layout whose parts a test may change; digests are put right again, or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = json.loads((folder / "index.json").read_text())
        self.manifest = json.loads(self.blob(index["manifests"][0]["digest"]).read_text())

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / "sha256" / digest.partition(":")[2]

    @property
    def layer(self) -> Path:
        return self.blob(self.manifest["layers"][0]["digest"])

    def put_layer(self, data: bytes) -> None:
        self.manifest["layers"][0] |= self._add(data)
        self.save()

    def put_sqlite(self, change: Callable[[sqlite3.Connection], object]) -> None:
        file = self.folder / "x.sqlite"
        file.write_bytes(zstandard.ZstdDecompressor().stream_reader(self.layer.read_bytes()).read())
        with closing(sqlite3.connect(file)) as database:
            change(database)
            database.commit()
        self.put_layer(zstandard.compress(file.read_bytes()))

    def save(self) -> None:
        said = self._add(json.dumps(self.manifest).encode())
        (self.folder / "index.json").write_text(
            json.dumps(
                {
                    "schemaVersion": 2,
                    "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", **said}],
                }
            )
        )

    def _add(self, data: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blob(digest).write_bytes(data)
        return {"digest": digest, "size": len(data)}


def flip(forged: Forged) -> None:
    data = bytearray(forged.layer.read_bytes())
    data[len(data) // 2] ^= 1
    forged.layer.write_bytes(data)


def other_image(forged: Forged) -> None:
    forged.manifest["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"
    forged.save()


def two_layers(forged: Forged) -> None:
    forged.manifest["layers"] *= 2
    forged.save()


FORGERIES: dict[str, tuple[Callable[[Forged], object], str]] = {
    "a flipped bit": (flip, "damaged|no zstd|other digest|another digest"),
    "a layer that is cut": (
        lambda forged: forged.layer.write_bytes(forged.layer.read_bytes()[:-9]),
        "bytes long",
    ),
    "a layer that is gone": (lambda forged: forged.layer.unlink(), "missing"),
    "no zstd": (lambda forged: forged.put_layer(b"SQLite format 3\0"), "no zstd"),
    "a bomb": (lambda forged: forged.put_layer(zstandard.compress(bytes(128 << 20))), "more than"),
    "no SQLite": (lambda forged: forged.put_layer(zstandard.compress(b"hello" * 1000)), "no SQLite"),
    "an image": (other_image, "something else"),
    "two layers": (two_layers, "something else"),
    "another content": (
        lambda forged: forged.put_sqlite(lambda file: file.execute("DELETE FROM ranges")),
        "claims to be",
    ),
    "a trigger": (
        lambda forged: forged.put_sqlite(
            lambda file: file.execute("CREATE TRIGGER t AFTER DELETE ON feeds BEGIN SELECT 1; END")
        ),
        "its tables",
    ),
    "an older format": (
        lambda forged: forged.put_sqlite(lambda file: file.execute(f"PRAGMA user_version = {VERSION - 1}")),
        f"older careen .format {VERSION - 1}",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_damaged_foreign_or_forged_is_refused_and_the_active_one_stays(
    here: Exchange, tmp_path: Path, forgery: str
) -> None:
    before = name(here)
    here.bring_out(f"oci:{tmp_path / 'layout'}")
    change, said = FORGERIES[forgery]
    change(Forged(tmp_path / "layout"))
    with pytest.raises(Error, match=said):
        here.bring_in(f"oci:{tmp_path / 'layout'}")
    assert name(here) == before
    assert {each.name for each in here.snapshots.iterdir()} == {"current", before}


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_artifact_is_refused(there: Exchange, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(Invalid):
        there.bring_in(str(tmp_path / "x.tar"))
    with pytest.raises(NotFound):
        there.bring_in(str(tmp_path / "missing.tar"))


def test_a_tar_that_leads_elsewhere_writes_nothing(here: Exchange, there: Exchange, tmp_path: Path) -> None:
    here.bring_out(str(tmp_path / "out.tar"))
    with tarfile.open(tmp_path / "out.tar", "a") as tar:
        tar.addfile(tarfile.TarInfo("../escaped"))
    shutil.copy(tmp_path / "out.tar", tmp_path / "again.tar")
    with suppress(Invalid):
        there.bring_in(str(tmp_path / "again.tar"))
    assert not (tmp_path / "escaped").exists()

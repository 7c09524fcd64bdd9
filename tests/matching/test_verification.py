"""A file that came from elsewhere is a snapshot in every byte, or it is refused."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from careen.matching.builder import build
from careen.matching.schema import VERSION
from careen.matching.snapshot import InvalidSnapshot
from careen.matching.staging import Record
from careen.matching.verification import verified
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.vulnerability import Likelihood, Score

RECORDS: list[tuple[str, Record]] = [
    ("osv", Ecosystem("PyPI", "pep440")),
    *(
        (
            "osv",
            Advisory(
                f"CVE-2024-{number}",
                (Affected("PyPI", "flask", (Range(fixed=f"{number}"),), arches=("x86_64",)),),
                scores=(Score("NVD", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),),
            ),
        )
        for number in range(1000, 1200)
    ),
    ("epss", Likelihood("CVE-2024-1000", 0.5, 0.9, "2026-08-16")),
]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = build(RECORDS, tmp_path, today=date(2026, 11, 22))
    path.chmod(0o644)
    return path


def test_a_snapshot_is_what_its_name_says(snapshot: Path) -> None:
    before = snapshot.read_bytes()
    assert verified(snapshot) == snapshot.stem
    assert snapshot.read_bytes() == before
    assert list(snapshot.parent.iterdir()) == [snapshot]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("PRAGMA user_version = 1", f"older careen .format 1, this one reads {VERSION}.: export it anew"),
        ("PRAGMA user_version = 99", "newer careen .format 99"),
        ("PRAGMA user_version = 0", "no snapshot"),
        ("PRAGMA user_version = -5", "no snapshot"),
        ("CREATE VIEW more AS SELECT * FROM advisories", "its tables"),
        ("CREATE TRIGGER t AFTER INSERT ON conditions BEGIN SELECT 1; END", "its tables"),
        ("CREATE TABLE more (x)", "its tables"),
        ("CREATE INDEX more ON advisories (name)", "its tables"),
        ("CREATE VIRTUAL TABLE more USING fts5(x)", "its tables"),
        ("ALTER TABLE feeds ADD COLUMN x", "its tables"),
        ("DROP TABLE exploited", "its tables"),
        ("UPDATE advisories SET aliases = 'x'", "table advisories"),
        ("UPDATE advisories SET aliases = '{}'", "table advisories"),
        ("UPDATE advisories SET scores = '[[1,2,3]]'", "a score"),
        ("""UPDATE advisories SET scores = '[["a","b",7]]'""", "a score"),
        ("UPDATE advisories SET name = x'00'", "table advisories"),
        ("UPDATE ranges SET high = 'text'", "table ranges"),
        ("UPDATE conditions SET arches = 5", "table conditions"),
        ("UPDATE likelihoods SET probability = 'high'", "table likelihoods"),
        ("UPDATE packages SET name = CAST(x'ff' AS TEXT)", "damaged"),
    ],
)
def test_what_was_changed_is_refused(snapshot: Path, statement: str, said: str) -> None:
    with closing(sqlite3.connect(snapshot)) as database:
        database.executescript(statement)
    with pytest.raises(InvalidSnapshot, match=said):
        verified(snapshot)


def test_another_content_has_another_digest(snapshot: Path) -> None:
    with closing(sqlite3.connect(snapshot)) as database:
        database.executescript("UPDATE advisories SET severity = 'low' WHERE id = 1")
    assert verified(snapshot) != snapshot.stem


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: b"\x89PNG" + data,
        lambda data: data[:100],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4096],
        lambda data: data[:16] + bytes(4080) + data[4096:],
        lambda data: data[:18] + b"\x02\x02" + data[20:] + b"",
    ],
)
def test_what_is_no_whole_file_of_sqlite_is_refused(snapshot: Path, change: Callable[[bytes], bytes]) -> None:
    snapshot.write_bytes(change(snapshot.read_bytes()))
    try:
        digest = verified(snapshot)
    except InvalidSnapshot:
        return
    assert digest == snapshot.stem  # the mark of a write-ahead log, which a file that only is read has not


def test_a_damaged_page_never_passes_for_another_content(snapshot: Path) -> None:
    good = snapshot.read_bytes()
    chance = random.Random(1)  # the same damage at every run
    refused = 0
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(4):
            damaged[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        snapshot.write_bytes(damaged)
        try:
            verified(snapshot)
        except InvalidSnapshot:
            refused += 1
    assert refused > 20  # in the others a word or a free byte is another, which the digest tells

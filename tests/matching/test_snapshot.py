"""Building, opening and exchanging snapshots."""

import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from careen.errors import NotFound
from careen.matching import content, severity
from careen.matching.builder import build
from careen.matching.files import activate, current
from careen.matching.records import Source
from careen.matching.snapshot import InvalidSnapshot, Snapshot
from careen.matching.staging import Record
from careen.model.advisory import Advisory, Affected, Ecosystem, Range, Revision
from careen.model.problem import Problem, ProblemKind
from careen.model.severity import Severity
from careen.model.vulnerability import Rating, Rejected, Score
from careen.versions import pep440

Make = Callable[..., Snapshot]

TODAY = date(2026, 11, 22)
PYPI = Ecosystem("PyPI", "pep440", ("pip",))
FLASK = ("PyPI", "flask", False)
RATING = Rating(
    "CVE-2024-1000", Score("NVD", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), Severity.CRITICAL
)


def advisory(id_: str, *ranges: Range, versions: tuple[str, ...] = ()) -> Advisory:
    return Advisory(id_, (Affected("PyPI", "flask", ranges, versions),))


RECORDS: list[tuple[str, Record]] = [
    ("osv", PYPI),
    ("other", Ecosystem("PyPI", "pep440", ("pypi",))),
    *(("osv", advisory(f"CVE-2024-{number}", Range(fixed=f"{number}"))) for number in range(1000, 1100)),
    (
        "osv",
        advisory("CVE-2024-2000", Range("2", "1"), Range(fixed="x-1"), versions=("3", "3.0", "four", "five")),
    ),
    ("nvd", RATING),
    ("nvd", Problem(ProblemKind.INVALID_ADVISORY, "page 7", "no id")),
]


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    paths = set()
    for seed in range(5):
        shuffled = RECORDS + RECORDS[:3]
        random.Random(seed).shuffle(shuffled)
        paths.add(build(shuffled, tmp_path, today=TODAY))
    (path,) = paths
    with closing(sqlite3.connect(path)) as database:
        assert path.name == content.digest(database) + ".sqlite"
    assert list(tmp_path.iterdir()) == [path]


def test_of_what_was_revised_only_the_newest_counts(tmp_path: Path) -> None:
    def dated(id_: str, modified: str, fixed: str) -> Advisory:
        return Advisory(id_, (Affected("PyPI", "flask", (Range(fixed=fixed),)),), modified=modified)

    records: list[tuple[str, Record]] = [
        ("osv", PYPI),
        ("osv", dated("CVE-2024-1", "2024-01-01", "1")),
        ("osv", dated("CVE-2024-1", "2024-02-02", "2")),
        ("osv", Revision("CVE-2024-1", "2024-02-02")),
        ("other", dated("CVE-2024-1", "2023-03-03", "3")),
        ("osv", dated("CVE-2024-2", "2024-01-01", "4")),
        ("osv", dated("CVE-2024-2", "2024-02-02", "5")),
        ("osv", dated("CVE-2024-3", "2024-01-01", "6")),
        ("osv", Revision("CVE-2024-3", "2024-02-02")),
    ]
    paths = {build(order, tmp_path, today=TODAY) for order in (records, records[::-1])}
    (path,) = paths
    with Snapshot.open(path) as snapshot:
        hits = snapshot.affecting(FLASK, pep440.key("0"))
    assert sorted(hit.fixed for hit in hits) == ["2", "3", "4", "5"]


def test_the_bytes_are_the_same_too_but_for_what_sqlite_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = build(RECORDS, tmp_path, today=TODAY).read_bytes()
    assert first == build(RECORDS[::-1], tmp_path / "other", today=TODAY).read_bytes()
    assert first[96:100] == bytes(4)


def test_a_file_with_its_pages_laid_out_otherwise_has_the_same_content(tmp_path: Path) -> None:
    path = build(RECORDS, tmp_path, today=TODAY)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA page_size = 8192")
        database.execute("VACUUM INTO ?", (str(tmp_path / "other.sqlite"),))
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        assert content.digest(other) == path.stem


def test_a_day_changes_the_content_only_when_a_release_ends_on_it(tmp_path: Path) -> None:
    records = [*RECORDS, ("osv", Ecosystem("Alpine:v3.20", "apk", end_of_life="2026-11-23"))]
    names = [build(records, tmp_path, today=date(2026, 11, day)).name for day in (1, 23, 24, 25)]
    assert (names[0], names[2]) == (names[1], names[3])
    assert names[1] != names[2]


def test_a_later_word_of_a_feed_takes_the_place_of_its_earlier_one(snapshot_of: Make) -> None:
    old, new, gone = "2026-01-01T00:00:00.000", "2026-08-01T00:00:00.000", "2026-08-02T00:00:00.000"
    ids = ("CVE-2024-1000", "CVE-2024-2000", "CVE-2024-3000")
    low = Score("NVD", "AV:L/AC:H/Au:M/C:N/I:N/A:P")
    snapshot = snapshot_of(
        PYPI,
        *(advisory(id_, Range()) for id_ in ids),
        *(RATING._replace(id=id_, modified=old) for id_ in (*ids, "CVE-2024-4000")),
        Rating(ids[0], low, Severity.LOW, new),
        Rejected(ids[1], "NVD", gone),
    )
    facts = snapshot.facts([*ids, "CVE-2024-4000"])
    assert {name for name, each in facts.items() if each.ratings} == {ids[0], ids[2]}  # nobody names the last
    assert [rating.says for rating in facts[ids[0]].ratings] == [low.vector]
    assert {name: each.rejected for name, each in facts.items() if each.rejected} == {ids[1]: ["NVD"]}


def test_other_records_give_another_snapshot(tmp_path: Path) -> None:
    assert build(RECORDS, tmp_path, today=TODAY) != build(RECORDS[:-1], tmp_path, today=TODAY)


def test_a_snapshot_knows_its_digest_its_feeds_and_its_ecosystems(tmp_path: Path) -> None:
    path = build(RECORDS, tmp_path, today=TODAY)
    with Snapshot.open(path) as snapshot:
        assert snapshot.digest == f"sha256:{path.stem}"
        assert snapshot.feeds() == (
            Source("nvd", advisories=0, withdrawn=0, ratings=1, problems=1),
            Source("osv", advisories=101, withdrawn=0, ratings=0, problems=4),
            Source("other", advisories=0, withdrawn=0, ratings=0, problems=0),
        )
        assert [(each.name, each.scheme, each.feed, each.ended) for each in snapshot.ecosystems()] == [
            ("PyPI", "pep440", "osv", False)
        ]
        assert snapshot.ecosystem("pip") == snapshot.ecosystem("pypi") == snapshot.ecosystem("PyPI")
        assert snapshot.ecosystem("npm") is None
        assert snapshot.facts({"CVE-2024-1000"})["CVE-2024-1000"].ratings == [
            severity.of_rating(RATING.score.source, RATING.score.vector, RATING.severity)
        ]


def test_what_cannot_be_read_is_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    with Snapshot.open(build(RECORDS, tmp_path, today=TODAY)) as snapshot:
        counted = {problem.message: count for problem, count in snapshot.problems("osv")}
        assert counted == {
            "CVE-2024-2000: flask: there is no version from '2' to '1'": 1,
            "CVE-2024-2000: flask: 'x-1' is not a version of the scheme pep440": 1,
            "CVE-2024-2000: flask: 'four' is not a version of the scheme pep440": 2,
        }
        assert snapshot.problems("nvd") == ((RECORDS[-1][1], 1),)
        hits = snapshot.affecting(FLASK, pep440.key("3"))
        assert "CVE-2024-2000" in {hit.record.id for hit in hits}
        (flask,) = snapshot.packages([FLASK]).values()
        reasons = [reason for _, reason in snapshot.unreadable([flask])[flask]]
        assert len(reasons) == 2  # the two ranges; no installed version can be "four"


def test_advisories_for_an_ecosystem_that_no_feed_declares_are_counted(snapshot_of: Make) -> None:
    snapshot = snapshot_of(advisory("CVE-2024-1000", Range()), advisory("CVE-2024-2000", Range()))
    ((problem, count),) = snapshot.problems("a-feed")
    assert (problem.kind, count) == (ProblemKind.INVALID_ADVISORY, 2)
    assert "PyPI" in problem.message


def test_an_ecosystem_of_an_unknown_scheme_is_a_problem(snapshot_of: Make) -> None:
    snapshot = snapshot_of(Ecosystem("Plan9", "fossil", ("nine",)))
    assert snapshot.ecosystems() == ()
    assert snapshot.ecosystem("nine") is None
    ((problem, _),) = snapshot.problems("a-feed")
    assert "fossil" in problem.message


def test_an_alias_never_hides_an_ecosystem(snapshot_of: Make) -> None:
    snapshot = snapshot_of(Ecosystem("Alpine:edge", "apk", ("PyPI",)), PYPI)
    found = snapshot.ecosystem("PyPI")
    assert found
    assert found.scheme == "pep440"


def test_an_advisory_may_name_its_ecosystem_by_an_alias(snapshot_of: Make) -> None:
    by_alias = Advisory("CVE-2024-1000", (Affected("pip", "flask", (Range(),)),))
    assert snapshot_of(by_alias, PYPI).affecting(FLASK, b"x")


def test_text_that_is_no_unicode_is_a_problem_and_spares_the_rest(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, advisory("CVE-\ud800", Range()), advisory("CVE-2024-2000", Range()))
    ((problem, _),) = snapshot.problems("a-feed")
    assert problem.kind is ProblemKind.INVALID_ADVISORY
    (hit,) = snapshot.affecting(FLASK, b"x")
    assert hit.record.id == "CVE-2024-2000"


def test_progress_is_told_now_and_then(tmp_path: Path) -> None:
    told: list[int] = []
    records = (("osv", advisory(f"CVE-2024-{number}", Range())) for number in range(2500))
    build(records, tmp_path, today=TODAY, progress=told.append)
    assert told == [1000, 2000]


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def records() -> Iterator[tuple[str, Record]]:
        yield "osv", PYPI
        raise InterruptedError

    with pytest.raises(InterruptedError):
        build(records(), tmp_path, today=TODAY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("0" * 64 + ".sqlite")
    path.write_bytes(content)
    with pytest.raises(InvalidSnapshot, match=str(path)):
        Snapshot.open(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSnapshot):
        Snapshot.open(tmp_path / "missing.sqlite")


def test_a_snapshot_of_another_version_of_careen_is_refused(tmp_path: Path) -> None:
    path = build(RECORDS, tmp_path, today=TODAY)
    path.chmod(0o644)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InvalidSnapshot, match="another version"):
        Snapshot.open(path)


def test_a_snapshot_cannot_be_written(tmp_path: Path) -> None:
    path = build(RECORDS, tmp_path, today=TODAY)
    assert path.stat().st_mode & 0o222 == 0
    with Snapshot.open(path) as snapshot, pytest.raises(sqlite3.OperationalError, match="readonly"):
        snapshot._rows("DELETE FROM feeds")


def test_threads_may_share_a_snapshot(tmp_path: Path) -> None:
    answers: list[int] = []
    with Snapshot.open(build(RECORDS, tmp_path, today=TODAY)) as snapshot:

        def ask() -> None:
            answers.extend(len(snapshot.affecting(FLASK, b"")) for _ in range(50))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 400
    assert len(set(answers)) == 1


def test_the_active_snapshot_is_the_one_activated_last(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    first, second = (build(RECORDS[:count], tmp_path, today=TODAY) for count in (1, 2))
    activate(tmp_path, first)
    assert current(tmp_path) == first
    activate(tmp_path, second)
    assert current(tmp_path) == second


def test_the_active_snapshot_and_the_one_before_are_kept_and_older_ones_removed(tmp_path: Path) -> None:
    paths = [build(RECORDS[:count], tmp_path, today=TODAY) for count in (1, 3, 4, 5)]
    (tmp_path / "notes.txt").write_text("not ours")
    for path in paths[:3]:
        os.utime(path, (0, 0))
        activate(tmp_path, path)
        assert path.exists()
    # The fourth is just built, and another process may be about to activate it.
    kept = {path.name for path in paths[1:]}
    assert {path.name for path in tmp_path.iterdir()} == {"current", "notes.txt"} | kept


def test_activating_the_active_snapshot_again_keeps_it(tmp_path: Path) -> None:
    path = build(RECORDS, tmp_path, today=TODAY)
    activate(tmp_path, path)
    activate(tmp_path, path)
    assert current(tmp_path) == path
    assert path.exists()


def test_what_a_build_that_died_left_is_removed_after_an_hour(tmp_path: Path) -> None:
    path = build(RECORDS, tmp_path, today=TODAY)
    dead, running = tmp_path / ".unfinished-dead", tmp_path / ".unfinished-running"
    for file in (dead, running):
        file.touch()
    os.utime(dead, (0, 0))
    activate(tmp_path, path)
    assert not dead.exists()
    assert running.exists()


def test_only_a_snapshot_in_the_folder_can_be_activated(tmp_path: Path) -> None:
    elsewhere = build(RECORDS, tmp_path / "elsewhere", today=TODAY)
    for path in (elsewhere, tmp_path / elsewhere.name, tmp_path / "x.sqlite"):
        with pytest.raises(NotFound):
            activate(tmp_path, path)


def test_a_pointer_to_anything_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("../../etc/passwd")
    with pytest.raises(NotFound):
        current(tmp_path)

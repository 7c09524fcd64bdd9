"""An update of the feeds makes a snapshot of the last good documents, whatever upstream does."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from careen.errors import Invalid, Unavailable
from careen.feeds import UPSTREAMS, Upstream
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.jobs import feeds
from careen.jobs.feed_status import Report
from careen.matching.files import activate, current
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Ecosystem

SHARED = Path(__file__).parents[3] / "shared" / "feeds"
TODAY = date(2026, 11, 22)

TRACKER = "security-tracker.debian.org/tracker/data/json"
PYPI = "osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
ALPINE = "secdb.alpinelinux.org/v3.18/main.json"


class Place:
    """A mirror that a test writes, and the folders of an update."""

    def __init__(self, folder: Path) -> None:
        self.mirror = folder / "mirror"
        self.documents = folder / "feeds"
        self.snapshots = folder / "snapshots"
        self.mirror.mkdir(parents=True)

    def publish(self, path: str, content: bytes | str) -> None:
        target = self.mirror / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def publish_debian(self, *, cves: int, package: str = "openssl") -> None:
        release = {"status": "resolved", "fixed_version": "1.0-1", "repositories": {}, "urgency": "low"}
        entry = {"releases": {"bookworm": release}}
        self.publish(TRACKER, json.dumps({package: {f"CVE-2024-{n:05}": entry for n in range(cves)}}))

    def publish_pypi(self, *ids: str) -> None:
        path = self.mirror / PYPI
        path.parent.mkdir(parents=True, exist_ok=True)
        affected = [{"package": {"ecosystem": "PyPI", "name": "django"}, "versions": ["2.2"]}]
        with zipfile.ZipFile(path, "w") as archive:
            for id_ in ids:
                archive.writestr(f"{id_}.json", json.dumps({"id": id_, "affected": affected}))

    def update(
        self,
        *only: str,
        chosen: Sequence[Upstream] = UPSTREAMS,
        accept: Sequence[str] = (),
        today: date = TODAY,
        say: Callable[[str], object] = len,
    ) -> Report:
        with Http(str(self.mirror)) as http:
            return feeds.update(
                chosen,
                http,
                self.documents,
                self.snapshots,
                only=only,
                accept=accept,
                today=today,
                progress=say,
            )

    def counts(self) -> dict[str, int]:
        """Advisories of each feed in the active snapshot."""
        path = current(self.snapshots)
        assert path
        with Snapshot.open(path) as snapshot:
            return {source.name: source.advisories for source in snapshot.feeds()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def failures(report: Report, name: str) -> str:
    (status,) = (status for status in report.feeds if status.name == name)
    return "\n".join(reason for _, reason in status.failures)


def test_what_was_published_is_in_the_active_snapshot(place: Place) -> None:
    place.publish_debian(cves=30)
    place.publish_pypi("PYSEC-1", "PYSEC-2")
    report = place.update()
    assert report.built
    assert report.snapshot == current(place.snapshots)
    assert place.counts() == {"debian": 30, "PyPI": 2}


def test_feeds_in_another_order_give_the_same_snapshot(place: Place, tmp_path: Path) -> None:
    place.publish_debian(cves=30)
    place.publish_pypi("PYSEC-1", "PYSEC-2")
    first = place.update().snapshot
    other = Place(tmp_path / "other")
    other.mirror = place.mirror
    second = other.update(chosen=UPSTREAMS[::-1]).snapshot
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_an_update_without_anything_new_builds_nothing(place: Place) -> None:
    place.publish_debian(cves=30)
    first = place.update()
    second = place.update()
    assert not second.built
    assert second.snapshot == first.snapshot


def test_another_day_may_end_the_life_of_a_release(place: Place) -> None:
    place.publish_debian(cves=30)
    assert place.update(today=date(2028, 6, 30)).built
    assert place.update(today=date(2028, 7, 1)).built


def test_a_feed_that_is_gone_keeps_its_last_good_documents(place: Place) -> None:
    place.publish_debian(cves=30)
    place.publish_pypi("PYSEC-1")
    place.update()
    (place.mirror / TRACKER).unlink()
    place.publish_pypi("PYSEC-1", "PYSEC-2")
    report = place.update()
    assert "the mirror has no" in failures(report, "debian")
    assert place.counts() == {"debian": 30, "PyPI": 2}


def test_a_document_that_was_refused_does_not_make_the_kept_one_younger(place: Place) -> None:
    place.publish_debian(cves=100)
    place.update()
    path = place.documents / "debian" / "kept.json"
    path.write_text(
        re.sub(r'"confirmed": "[^"]*"', '"confirmed": "2026-11-01T00:00:00+00:00"', path.read_text())
    )
    place.publish_debian(cves=40)
    (debian, *_) = place.update().feeds
    assert debian.oldest == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("document", ["<html>we are down", "{}", '{"openssl": {"CVE-2024-00001": ', "[]", ""])
def test_a_document_that_cannot_be_read_does_not_replace_the_good_one(place: Place, document: str) -> None:
    place.publish_debian(cves=30)
    place.update()
    place.publish(TRACKER, document)
    report = place.update()
    assert failures(report, "debian")
    assert place.counts() == {"debian": 30}


def test_one_bad_document_does_not_hide_the_others_of_its_feed(place: Place) -> None:
    good = {"packages": [{"pkg": {"name": "musl", "secfixes": {"1.0-r0": ["CVE-2024-0001"]}}}]}
    place.publish(ALPINE, json.dumps(good))
    place.publish(ALPINE.replace("v3.18", "v3.19"), "<html>")
    report = place.update()
    assert "v3.19/main.json: not the JSON document" in failures(report, "alpine")
    assert place.counts() == {"alpine": 1}


def test_r24_a_feed_that_lost_half_of_its_records_is_refused(place: Place) -> None:
    place.publish_debian(cves=100)
    place.update()
    place.publish_debian(cves=40)
    assert "shrank from 101 records to 41" in failures(place.update(), "debian")
    assert place.counts() == {"debian": 100}


def test_what_shrank_is_taken_when_it_is_accepted(place: Place) -> None:
    place.publish_debian(cves=100)
    place.update()
    place.publish_debian(cves=40)
    (debian, *_) = place.update().feeds
    assert debian.refused == {f"https://{TRACKER}"}
    assert "refused: " in debian.told(timedelta(days=3))
    assert "careen feeds update --accept 'debian'" in debian.told(timedelta(days=3))
    place.update(accept=["debian"])
    assert place.counts() == {"debian": 40}
    (debian, *_) = place.update().feeds
    assert not debian.failures


def test_a_mirror_that_goes_back_to_the_good_document_clears_the_refusal(place: Place) -> None:
    place.publish_debian(cves=100)
    place.update()
    place.publish_debian(cves=40)
    place.update()
    place.publish_debian(cves=100)
    (debian, *_) = place.update().feeds
    assert (debian.failures, debian.refused) == ((), frozenset())


def test_to_accept_a_feed_that_does_not_exist_is_an_error(place: Place) -> None:
    with pytest.raises(Invalid, match="no feed 'gentoo'"):
        place.update(accept=["gentoo"])


class Broken:
    """A feed with a fault of its own, once in `fetch` and once in `parse`."""

    NAME = "broken"

    def __init__(self, *, fetches: bool) -> None:
        self.fetches = fetches

    def fetch(self, http: Http, seen: Cursor) -> Fetched | None:
        if not self.fetches:
            raise KeyError("etag")
        return http.fetch([f"https://{TRACKER}"], seen)

    def parse(self, document: BinaryIO, name: str) -> Iterator[Ecosystem]:
        yield Ecosystem("Broken", "apk")
        raise ZeroDivisionError


@pytest.mark.parametrize("fetches", [False, True])
def test_a_fault_in_one_feed_does_not_keep_back_the_others(place: Place, *, fetches: bool) -> None:
    place.publish_debian(cves=30)
    report = place.update(chosen=[Broken(fetches=fetches), *UPSTREAMS])
    assert "a fault of careen: " in failures(report, "broken")
    assert place.counts() == {"debian": 30}


def test_what_could_not_be_had_for_days_is_called_stale(place: Place) -> None:
    place.publish_debian(cves=30)
    place.update()
    (debian, *_) = feeds.status(UPSTREAMS, place.documents)
    limit, now = timedelta(days=3), datetime.now(UTC)
    assert not debian.is_stale(limit, now)
    assert debian.is_stale(limit, now + timedelta(days=3, minutes=1))
    assert "STALE" not in debian.told(limit)
    assert "old, STALE" in debian.told(timedelta(seconds=-1))


def test_an_imported_snapshot_stays_until_newer_documents_come(place: Place, tmp_path: Path) -> None:
    place.publish_debian(cves=30)
    ours = place.update()
    place.publish_debian(cves=60)
    other = Place(tmp_path / "other")
    other.mirror = place.mirror
    theirs = other.update()
    shutil.copy(theirs.snapshot, place.snapshots)
    activate(place.snapshots, place.snapshots / theirs.snapshot.name)
    feeds.adopt(UPSTREAMS, place.documents, place.snapshots)
    place.publish_debian(cves=30)
    assert place.update(today=TODAY + timedelta(days=1)).snapshot.name == theirs.snapshot.name
    place.publish_debian(cves=31)
    assert place.update().snapshot.name not in (ours.snapshot.name, theirs.snapshot.name)
    assert place.counts() == {"debian": 31}


def test_what_was_refused_stays_refused_without_being_read_again(place: Place) -> None:
    place.publish_debian(cves=100)
    place.update()
    place.publish_debian(cves=40)
    place.update()
    said: list[str] = []
    report = place.update(say=said.append)
    assert "shrank" in failures(report, "debian")
    assert not report.built
    assert "debian: 0 new documents, 1 could not be had" in said


def test_a_feed_may_lose_a_few_records_or_recover(place: Place) -> None:
    place.publish_debian(cves=100)
    place.update()
    place.publish_debian(cves=40)
    place.update()
    place.publish_debian(cves=90)
    report = place.update()
    assert not failures(report, "debian")
    assert place.counts() == {"debian": 90}


def test_another_mirror_may_hold_less(place: Place, tmp_path: Path) -> None:
    place.publish_debian(cves=100)
    place.update()
    place.mirror = tmp_path / "another"
    place.publish_debian(cves=40)
    place.update()
    assert place.counts() == {"debian": 40}


def test_only_the_named_feeds_are_fetched_and_the_others_are_kept(place: Place) -> None:
    place.publish_debian(cves=30)
    place.publish_pypi("PYSEC-1")
    place.update()
    place.publish_debian(cves=31)
    place.publish_pypi("PYSEC-1", "PYSEC-2")
    place.update("PyPI")
    assert place.counts() == {"debian": 30, "PyPI": 2}


def test_a_feed_that_does_not_exist_is_named(place: Place) -> None:
    with pytest.raises(Invalid, match=r"no feed 'gentoo'; there are debian, .*Maven"):
        place.update("gentoo")


def test_with_nothing_to_build_from_there_is_no_snapshot(place: Place) -> None:
    with pytest.raises(Unavailable, match="no advisories at all"):
        place.update()
    assert current(place.snapshots) is None


def test_a_snapshot_outlives_the_loss_of_all_documents(place: Place, tmp_path: Path) -> None:
    place.publish_debian(cves=30)
    first = place.update()
    shutil.rmtree(place.documents)
    place.mirror = tmp_path / "empty"
    place.mirror.mkdir()
    report = place.update()
    assert not report.built
    assert report.snapshot == first.snapshot


def test_what_a_dead_process_left_is_removed_and_made_again(place: Place) -> None:
    place.publish_debian(cves=30)
    place.update()
    folder = place.documents / "debian"
    (folder / ".unfinished-abc").write_text("half a document")
    (folder / ("0" * 64)).write_text("a document that nobody keeps")
    (folder / "kept.json").write_text("{")
    report = place.update()
    assert not failures(report, "debian")
    assert sorted(path.name for path in folder.iterdir())[1:] == ["kept.json"]
    assert place.counts() == {"debian": 30}


def test_a_document_that_somebody_removed_is_fetched_again(place: Place) -> None:
    place.publish_debian(cves=30)
    place.update()
    for path in (place.documents / "debian").glob("[0-9a-f]" * 64):
        path.unlink()
    place.update()
    place.publish_pypi("PYSEC-1")
    place.update()
    assert place.counts() == {"debian": 30, "PyPI": 1}


def test_two_updates_at_once_do_not_get_into_each_others_way(place: Place) -> None:
    place.publish_debian(cves=300)
    reports: list[Report] = []
    threads = [threading.Thread(target=lambda: reports.append(place.update())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.built for report in reports) == [False, False, False, True]
    assert len({report.snapshot for report in reports}) == 1


def test_killed_at_any_moment_it_ends_well_the_next_time(place: Place) -> None:
    place.publish_debian(cves=3000)
    place.publish_pypi("PYSEC-1")
    program = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from careen.feeds import UPSTREAMS as ALL; from careen.feeds.http import Http\n"
        "from careen.jobs import feeds\n"
        "mirror, documents, snapshots = sys.argv[1:]\n"
        "print('ready', flush=True)\n"
        "with Http(mirror) as http:\n"
        f"    feeds.update(ALL, http, Path(documents), Path(snapshots), today=date({TODAY:%Y, %-m, %-d}))\n"
    )
    arguments = [str(path) for path in (place.mirror, place.documents, place.snapshots)]
    for moment in range(6):
        process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(moment * 0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    place.update()
    assert place.counts() == {"debian": 3000, "PyPI": 1}
    assert not list(place.documents.rglob(".unfinished-*"))


class Killed(BaseException):
    """The process dies in the midst of the build, after everything was fetched."""


def kill_when_it_builds(said: str) -> None:
    if said.startswith("building"):
        raise Killed


def test_what_came_before_a_kill_is_not_fetched_again(place: Place) -> None:
    place.publish_debian(cves=20_001)  # progress is told after every 20,000 records
    with pytest.raises(Killed):
        place.update("debian", say=kill_when_it_builds)
    assert not feeds.status(UPSTREAMS, place.documents)[0].records  # nothing is accepted yet
    shutil.rmtree(place.mirror)
    place.mirror.mkdir()
    report = place.update("debian")
    assert report.built
    assert place.counts() == {"debian": 20_001}


def test_what_came_before_a_kill_may_still_be_refused_for_the_last_good_one(place: Place) -> None:
    place.publish_debian(cves=30_000)
    place.update()
    place.publish_debian(cves=20_001)
    with pytest.raises(Killed):
        place.update(say=kill_when_it_builds)
    place.publish_debian(cves=20_002)
    report = place.update()
    assert not report.built
    assert "it shrank from 30001 records to 20003;" in failures(report, "debian")
    assert place.counts() == {"debian": 30_000}


def test_r25_the_status_tells_count_age_and_error_of_each_feed(place: Place) -> None:
    place.publish_debian(cves=30)
    place.update()
    (place.mirror / TRACKER).unlink()
    place.update()
    by_name = {status.name: status for status in feeds.status(UPSTREAMS, place.documents)}
    debian = by_name["debian"]
    assert (debian.documents, debian.records) == (1, 31)
    assert debian.succeeded
    assert debian.oldest
    assert debian.failures
    limit = timedelta(days=3)
    assert debian.told(limit).startswith(
        "debian: 31 records in 1 document, 0 minutes old; 1 could not be had:"
    )
    assert by_name["PyPI"].succeeded is None
    assert by_name["PyPI"].told(limit).startswith("PyPI: nothing yet; 1 could not be had:")


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="the mirror of the feeds (../shared/feeds) is not beside the project"
)
def test_the_real_mirror_is_read_whole(place: Place) -> None:
    place.mirror = SHARED
    report = place.update()
    with Snapshot.open(report.snapshot) as snapshot:
        sources = {source.name: source for source in snapshot.feeds()}
        names = {covered.name for covered in snapshot.ecosystems()}
    assert sources["debian"].advisories == 13_620
    assert sources["alpine"].advisories > 100_000
    assert sources["PyPI"].advisories == 7_080
    assert sources["nvd"].ratings == 29_692
    assert {"Debian:12", "Alpine:v3.18", "Alpine:edge", "PyPI"} <= names
    years = [url for status in report.feeds if status.name == "nvd" for url, _ in status.failures]
    assert years[0].endswith("nvdcve-2.0-2002.json.gz")

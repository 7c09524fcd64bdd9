from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from careen.errors import NotFound
from careen.model import digest, ids
from careen.model.distro import Distro
from careen.model.finding import Finding, Verdict
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind
from careen.model.registry import Image, ScanResult, ScanStatus
from careen.model.severity import Counts, Severity
from careen.store import scans
from careen.store.database import Database
from careen.store.paging import Condition, Page
from careen.store.tables import findings as findings_table

START = datetime(2026, 11, 10, 12, tzinfo=UTC)
END = START + timedelta(milliseconds=40)
SNAPSHOT = digest.of(b"snapshot")

Push = Callable[..., Image]

APT = Package(
    "apt", "2.6.1", "deb", "dpkg", "var/lib/dpkg/status", "Debian:12", "apt", "2.6.1", "amd64",
    digest.of(b"base"), "pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12",
)  # fmt: skip
JINJA2 = Package(
    "jinja2", "2.4.1", "pypi", "pip", "app/jinja2-2.4.1.dist-info/METADATA", "PyPI",
    layer=digest.of(b"app"), purl="pkg:pypi/jinja2@2.4.1",
)  # fmt: skip


def finding(name: str, severity: Severity, package: Package, fixed_by: str = "") -> Finding:
    return Finding(
        id=name,
        aliases=("GHSA-462w-v97r-4m45",) if package is JINJA2 else (),
        severity=severity,
        package=package,
        fixed_by=fixed_by,
        origin="os" if package is APT else "lang",
        type="debian" if package is APT else "python-pkg",
        link=f"https://example.com/{name}",
        status="affected" if fixed_by else "will_not_fix",
        evidence={"feed": "osv", "range": ["", fixed_by], "scores": {"NVD": 7.5}, "withdrawn": None},
    )


VERDICT = Verdict(
    distro=Distro("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", "usr/lib/os-release"),
    packages=(APT, JINJA2),
    findings=(
        finding("CVE-2019-10906", Severity.HIGH, JINJA2, "2.10.1"),
        finding("CVE-2014-1402", Severity.MEDIUM, JINJA2, "2.7.2"),
        finding("CVE-2011-3374", Severity.NEGLIGIBLE, APT),
        finding("CVE-2099-0001", Severity.MEDIUM, APT),
    ),
    problems=(
        Problem(ProblemKind.END_OF_LIFE, "usr/lib/os-release", "Debian 12 has no advisories any more"),
    ),
    snapshot=SNAPSHOT,
)


@pytest.fixture
def image(push: Push) -> Image:
    return push(b"base", b"app")


def running(image: Image, started: datetime = START) -> ScanResult:
    return ScanResult(ids.new(ids.SCAN_RESULT), image.id, ScanStatus.RUNNING, started)


def test_a_verdict_comes_back_as_it_was_given(database: Database, image: Image) -> None:
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)
        assert scans.get(connection, scan.id) == scan
        assert scans.verdict(connection, scan.id) is None
        assert scans.finish(connection, scan.id, VERDICT, ScanStatus.READY, END)
    with database.read() as connection:
        assert scans.verdict(connection, scan.id) == VERDICT
        assert scans.get(connection, scan.id) == replace(
            scan,
            status=ScanStatus.READY,
            scanned_at=END,
            counts=Counts(high=1, medium=2, negligible=1),
            snapshot=SNAPSHOT,
        )


def test_an_empty_verdict_comes_back_too(database: Database, image: Image) -> None:
    empty = Verdict(None, (), (), (), SNAPSHOT)
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)
        scans.finish(connection, scan.id, empty, ScanStatus.ERROR, END)
        assert scans.verdict(connection, scan.id) == empty


HOSTILE = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
HOSTILE_PACKAGES = st.builds(Package, *[HOSTILE] * 9, layer=st.just(SNAPSHOT), purl=HOSTILE, module=HOSTILE)
HOSTILE_FINDINGS = st.builds(
    Finding,
    id=HOSTILE,
    aliases=st.lists(HOSTILE, max_size=2).map(tuple),
    severity=st.sampled_from(Severity),
    package=HOSTILE_PACKAGES,
    fixed_by=HOSTILE,
    origin=HOSTILE,
    type=HOSTILE,
    link=HOSTILE,
    status=HOSTILE,
    evidence=st.dictionaries(HOSTILE, HOSTILE | st.lists(HOSTILE, max_size=2), max_size=2),
)
VERDICTS = st.builds(
    Verdict,
    distro=st.none() | st.builds(Distro, *[HOSTILE] * 5),
    packages=st.lists(HOSTILE_PACKAGES, max_size=3).map(tuple),
    findings=st.lists(HOSTILE_FINDINGS, max_size=4).map(tuple),
    problems=st.lists(st.builds(Problem, st.sampled_from(ProblemKind), HOSTILE, HOSTILE), max_size=2).map(
        tuple
    ),
    snapshot=st.just(SNAPSHOT),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verdict=VERDICTS)
def test_any_verdict_comes_back_as_it_was_given(database: Database, image: Image, verdict: Verdict) -> None:
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)
        scans.finish(connection, scan.id, verdict, ScanStatus.READY, END)
        assert scans.verdict(connection, scan.id) == verdict


def test_a_scan_ends_once(database: Database, image: Image) -> None:
    scan = running(image)
    later = END + timedelta(seconds=1)
    with database.write() as connection:
        scans.add(connection, scan)
        assert scans.finish(connection, scan.id, VERDICT, ScanStatus.READY, END)
        assert not scans.finish(connection, scan.id, replace(VERDICT, findings=()), ScanStatus.ERROR, later)
        assert not scans.fail(connection, scan.id, later)
        assert not scans.fail(connection, "chenone", later)
        assert scans.verdict(connection, scan.id) == VERDICT


def test_of_many_workers_that_end_a_scan_one_writes_its_findings(database: Database, image: Image) -> None:
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)

    def finish(_: int) -> bool:
        with database.write() as connection:
            return scans.finish(connection, scan.id, VERDICT, ScanStatus.READY, END)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(finish, range(8))) == 1
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(findings_table)) == 4


def test_a_failed_scan_has_no_verdict(database: Database, image: Image) -> None:
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)
        assert scans.fail(connection, scan.id, END)
        failed = replace(scan, status=ScanStatus.ERROR, scanned_at=END)
        assert scans.get(connection, scan.id) == failed
        assert scans.last(connection, image.id) == failed
        assert scans.verdict(connection, scan.id) is None
        assert scans.findings(connection, scan.id, page=Page()) == []


def test_a_scan_of_no_image_is_refused(database: Database, image: Image) -> None:
    with pytest.raises(NotFound, match="Image crpnone not found"), database.write() as connection:
        scans.add(connection, replace(running(image), image_id="crpnone"))


def test_the_last_scan_is_the_one_that_ended_last(database: Database, image: Image) -> None:
    started = [START + timedelta(minutes=minute) for minute in range(4)]
    first, second, third, fourth = (running(image, moment) for moment in started)
    with database.write() as connection:
        assert scans.last(connection, image.id) is None
        for scan in (first, second, third, fourth):
            scans.add(connection, scan)
        assert scans.last(connection, image.id) is None
        scans.finish(connection, second.id, VERDICT, ScanStatus.READY, started[2])
        scans.fail(connection, first.id, started[3])
        scans.finish(connection, third.id, VERDICT, ScanStatus.READY, started[3])
        assert scans.last(connection, image.id) == scans.get(connection, third.id)
        assert scans.last(connection, "crpnone") is None


def test_scans_are_listed_newest_first(database: Database, image: Image, push: Push) -> None:
    other = push(b"other")
    older, newer = running(image), running(image, START + timedelta(hours=1))
    elsewhere = running(other, START + timedelta(hours=2))
    with database.write() as connection:
        for scan in (older, newer, elsewhere):
            scans.add(connection, scan)
        scans.fail(connection, newer.id, END)
        found = scans.page(connection, image_id=image.id, page=Page())
        assert [scan.id for scan in found] == [newer.id, older.id]
        rest = scans.page(connection, image_id=image.id, page=Page(after=found.positions[0]))
        assert [scan.id for scan in rest] == [older.id]
        in_repository = scans.page(connection, repository_id=image.repository_id, page=Page())
        assert [scan.id for scan in in_repository] == [elsewhere.id, newer.id, older.id]
        failed = scans.page(
            connection, image_id=image.id, page=Page(where=(Condition("status", (ScanStatus.ERROR,)),))
        )
        assert [scan.id for scan in failed] == [newer.id]


def test_findings_come_in_the_order_of_the_verdict_or_the_one_asked_for(
    database: Database, image: Image
) -> None:
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)
        scans.finish(connection, scan.id, VERDICT, ScanStatus.READY, END)

        def positions(page: Page) -> list[int]:
            found = scans.findings(connection, scan.id, page=page)
            assert all(VERDICT.findings[position] == one for position, one in found)
            return [position for position, _ in found]

        assert positions(Page()) == [0, 1, 2, 3]
        assert positions(Page(size=2, after=(1,))) == [2, 3]
        assert positions(Page(order=(("severity", False),))) == [0, 1, 3, 2]
        assert positions(Page(order=(("severity", False),), after=(Severity.MEDIUM, 1))) == [3, 2]
        assert positions(Page(order=(("package", False), ("name", True)))) == [3, 2, 0, 1]
        assert positions(Page(where=(Condition("severity", (Severity.MEDIUM,)),))) == [1, 3]
        assert positions(
            Page(where=(Condition("package", ("apt",)), Condition("name", ("CVE-2011-3374",))))
        ) == [2]


def test_thousands_of_findings_are_written_and_read(database: Database, image: Image) -> None:
    many = replace(VERDICT, findings=VERDICT.findings * 1250)
    scan = running(image)
    with database.write() as connection:
        scans.add(connection, scan)
        scans.finish(connection, scan.id, many, ScanStatus.READY, END)
        assert scans.verdict(connection, scan.id) == many
        last = scans.findings(connection, scan.id, page=Page(size=10, after=(4994,)))
    assert [position for position, _ in last] == list(range(4995, 5000))

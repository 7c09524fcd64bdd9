"""PyPI's advisories on a known list of packages: every expected row, and no other."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from careen.feeds import osv
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.finding import Finding, Verdict
from careen.model.layer import Inventory
from careen.model.package import Package

SHARED = Path(__file__).parents[3] / "shared"
EXPECTED = SHARED / "truth" / "matches" / "pypi.json"
FEED = SHARED / "feeds" / "osv-vulnerabilities.storage.googleapis.com" / "PyPI" / "all.zip"

pytestmark = pytest.mark.skipif(
    not (EXPECTED.is_file() and FEED.is_file()), reason=f"the expected matches are not at {EXPECTED}"
)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(EXPECTED.read_text())
    return answer


@pytest.fixture(scope="module")
def verdict(expected: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    feed = osv.Feed("PyPI")
    with FEED.open("rb") as document:
        records = ((feed.NAME, record) for record in feed.parse(document, FEED.as_uri()))
        path = build(records, tmp_path_factory.mktemp("snapshots"), today=date(2026, 11, 22))
    packages = tuple(
        Package(each["name"], each["version"], "pypi", "pip", each["location"].lstrip("/"), "PyPI")
        for each in expected["packages"]
    )
    with Snapshot.open(path) as snapshot:
        return match(Inventory(None, packages, ()), snapshot)


def row(finding: Finding) -> tuple[str, str, str, frozenset[str]]:
    names = frozenset((finding.id, *finding.aliases))
    return finding.package.name, finding.package.version, finding.fixed_by, names


def is_row(wanted: dict[str, Any], finding: Finding) -> bool:
    name, version, fixed_by, ids = row(finding)
    where = (name, version, fixed_by) == (wanted["package"], wanted["installed"], wanted["fixed"] or "")
    return where and wanted["id"] in ids


def test_every_expected_row_is_found_with_its_fix(expected: dict[str, Any], verdict: Verdict) -> None:
    assert expected["expected"]
    missing = [
        wanted
        for wanted in expected["expected"]
        if sum(is_row(wanted, finding) for finding in verdict.findings) != 1
    ]
    assert missing == []


def test_nothing_is_found_that_is_not_expected(expected: dict[str, Any], verdict: Verdict) -> None:
    surplus = [
        row(finding)
        for finding in verdict.findings
        if not any(is_row(wanted, finding) for wanted in expected["expected"])
    ]
    assert surplus == []


def test_all_packages_could_be_judged(verdict: Verdict) -> None:
    assert verdict.problems == ()

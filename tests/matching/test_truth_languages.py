"""The advisories of PyPI and npm on known lists of packages: every expected row, and no other."""

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
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.model.problem import ProblemKind

SHARED = Path(__file__).parents[3] / "shared"
MATCHES = SHARED / "truth" / "matches"
EXPORTS = SHARED / "feeds" / "osv-vulnerabilities.storage.googleapis.com"
# NSWG-ECO-46 knows no fix; GHSA-3fx5-fwvr-xrjg, of the same CVE and in the same export, does.
FIXES_OF_TWINS = {"NSWG-ECO-46": "0.7.1"}
TYPES = {"PyPI": ("pypi", "pip"), "npm": ("npm", "npm")}

pytestmark = pytest.mark.skipif(
    not (MATCHES.is_dir() and EXPORTS.is_dir()), reason=f"the expected matches are not at {MATCHES}"
)


@pytest.fixture(scope="module", params=TYPES)
def ecosystem(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def expected(ecosystem: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((MATCHES / f"{ecosystem.lower()}.json").read_text())
    return answer


@pytest.fixture(scope="module")
def verdict(ecosystem: str, expected: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    feed = osv.Feed(ecosystem)
    export = EXPORTS / ecosystem / "all.zip"
    with export.open("rb") as document:
        records = ((feed.NAME, record) for record in feed.parse(document, export.as_uri()))
        path = build(records, tmp_path_factory.mktemp("snapshots"), today=date(2026, 11, 22))
    packages = tuple(
        Package(each["name"], each["version"], *TYPES[ecosystem], each.get("location", ""), ecosystem)
        for each in expected["packages"]
    )
    with Snapshot.open(path) as snapshot:
        return match(Inventory(None, packages, ()), snapshot)


def row(finding: Finding) -> tuple[str, str, str, frozenset[str]]:
    names = frozenset((finding.id, *finding.aliases))
    return finding.package.name, finding.package.version, finding.fixed_by, names


def is_row(wanted: dict[str, Any], finding: Finding) -> bool:
    name, version, fixed_by, ids = row(finding)
    fix = wanted["fixed"] or FIXES_OF_TWINS.get(wanted["id"], "")
    where = (name, version, fixed_by) == (wanted["package"], wanted["installed"], fix)
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


def test_all_packages_with_a_version_could_be_judged(expected: dict[str, Any], verdict: Verdict) -> None:
    unknown = [each for each in expected["packages"] if each["version"] == "UNKNOWN"]
    assert {problem.kind for problem in verdict.problems} <= {ProblemKind.INVALID_VERSION}
    assert len(verdict.problems) == len(unknown)

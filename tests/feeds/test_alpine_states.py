"""What Alpine's four kinds of words mean together: fixed, never affected, rejected, unfixed (R8, R30)."""

import io
import json
from datetime import date
from pathlib import Path

import pytest

from careen.feeds import Feed, alpine, alpine_rejections, alpine_tracker
from careen.feeds.document import Cursor
from careen.feeds.http import Http
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.distro import Distro
from careen.model.finding import Finding
from careen.model.inventory import Inventory
from careen.model.package import Package

SITE = "https://security.alpinelinux.org"
SECDB = {"1.36.1-r28": ["CVE-2024-0001"], "0": ["CVE-2024-0002"]}
REJECTIONS = "busybox:\n  - CVE-2024-0003\n"
UNFIXED = {f"CVE-2024-000{number}": "1.36.1-r29" for number in (1, 2, 3, 4)}


def tracker() -> object:
    """It knows secdb's fix of the first one."""

    def state(version: str, *, fixed: bool = False) -> object:
        return {"fixed": fixed, "repo": "3.20-main", "packageVersion": f"{SITE}/srcpkg/busybox/{version}"}

    items: list[dict[str, object]] = [
        {"id": f"{SITE}/vuln/{id_}", "state": [state(version)]} for id_, version in UNFIXED.items()
    ]
    items[0]["state"] = [state("1.36.1-r27"), state("1.36.1-r28", fixed=True)]
    return {"type": "Collection", "items": items}


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    secdb = {"packages": [{"pkg": {"name": "busybox", "secfixes": SECDB}}]}
    documents: list[tuple[Feed, str, str]] = [
        (alpine, json.dumps(secdb), "https://secdb.alpinelinux.org/v3.20/main.json"),
        (alpine_rejections, REJECTIONS, "https://gitlab.alpinelinux.org/main.yaml"),
        (alpine_tracker, json.dumps(tracker()), f"{SITE}/branch/3.20-main"),
    ]
    records = [
        (feed.NAME, record)
        for feed, text, url in documents
        for record in feed.parse(io.BytesIO(text.encode()), url)
    ]
    return Snapshot.open(build(records, tmp_path, today=date(2026, 1, 1)))


def found(snapshot: Snapshot, version: str, release: str = "3.20.3") -> dict[str, Finding]:
    """What ssl_client has, which is built from busybox."""
    package = Package(
        "ssl_client", version, "apk", "apk", "lib/apk/db/installed", "", "busybox", version, "x86_64"
    )
    inventory = Inventory(Distro("alpine", release), (package,), ())
    return {finding.id: finding for finding in match(inventory, snapshot).findings}


def test_what_is_fixed_is_so_from_the_fix_on(snapshot: Snapshot) -> None:
    assert found(snapshot, "1.36.1-r27")["CVE-2024-0001"].fixed_by == "1.36.1-r28"


def test_r30_what_is_unfixed_is_found_without_a_fix_and_says_who_says_so(snapshot: Snapshot) -> None:
    finding = found(snapshot, "1.36.1-r29")["CVE-2024-0004"]
    assert (finding.fixed_by, finding.status) == ("", "affected")
    assert finding.link == f"{SITE}/vuln/CVE-2024-0004"
    assert "Alpine's tracker" in str(finding.evidence["remarks"])


def test_what_never_affected_or_was_rejected_is_no_finding_whatever_the_tracker_says(
    snapshot: Snapshot,
) -> None:
    assert found(snapshot, "1.36.1-r29").keys() == {"CVE-2024-0004"}


def test_a_version_that_the_tracker_does_not_know_yet_is_not_said_to_be_affected(snapshot: Snapshot) -> None:
    assert found(snapshot, "1.36.1-r30") == {}


def test_only_releases_that_are_supported_are_asked_for(tmp_path: Path) -> None:
    with Http(str(tmp_path)) as http:
        fetched = alpine_tracker.fetch(http, Cursor(tmp_path / "kept"))
    assert fetched
    asked = [failure.url.removeprefix(f"{SITE}/branch/") for failure in fetched.failures]
    assert asked[-2:] == ["edge-main", "edge-community"]
    assert "3.18-main" not in asked
    assert len(asked) <= 14

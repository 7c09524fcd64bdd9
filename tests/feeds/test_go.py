"""Go's advisories for its standard library, and where they come from."""

import io
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from careen.feeds import osv
from careen.feeds.document import Cursor
from careen.feeds.http import Http
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.finding import Finding
from careen.model.inventory import Inventory
from careen.model.package import Package

TESTDATA = Path(__file__).parent / "testdata" / "Go" / "standard-library"
EXPORT = "osv-vulnerabilities.storage.googleapis.com/Go/all.zip"
OWN = "vuln.go.dev/vulndb.zip"
GO = osv.Feed("Go", stand_in=f"https://{OWN}")


@pytest.fixture
def findings(
    tmp_path: Path, document_of: Callable[[Path], io.BytesIO]
) -> Callable[[str], dict[str, Finding]]:
    records = [("Go", record) for record in GO.parse(document_of(TESTDATA), f"https://{EXPORT}")]
    snapshot = Snapshot.open(build(records, tmp_path, today=date(2026, 1, 1)))

    def of(version: str) -> dict[str, Finding]:
        package = Package("stdlib", version, "golang", "go", "app/server", "Go")
        return {each.id: each for each in match(Inventory(None, (package,), ()), snapshot).findings}

    return of


@pytest.mark.parametrize(
    ("version", "fixed_by"),
    [
        ("1.19.13", "1.20.10"),
        ("1.20.9", "1.20.10"),
        ("1.20.10", ""),
        ("1.20.14", ""),
        ("1.21.0-rc.2", "1.21.3"),
        ("1.21.2", "1.21.3"),
        ("1.21.3", ""),
        ("1.22.0", ""),
    ],
)
def test_the_fix_is_that_of_the_toolchains_own_branch(
    findings: Callable[[str], dict[str, Finding]], version: str, fixed_by: str
) -> None:
    found = findings(version)
    assert ("CVE-2023-39325" in found) is bool(fixed_by)
    if fixed_by:
        assert found["CVE-2023-39325"].fixed_by == fixed_by


def test_the_symbols_are_told_and_narrow_nothing(findings: Callable[[str], dict[str, Finding]]) -> None:
    remarks = str(findings("1.21.2")["CVE-2023-39325"].evidence["remarks"])
    assert "in net/http (ListenAndServe, ListenAndServeTLS, Serve, ServeTLS, " in remarks
    assert "whether this program calls it is not known" in remarks


def test_what_only_windows_has_is_no_finding(findings: Callable[[str], dict[str, Finding]]) -> None:
    assert "CVE-2023-45283" not in findings("1.21.2")


def fetched(mirror: Path, kept: Path) -> tuple[list[str], list[str]]:
    with Http(str(mirror)) as http:
        said = GO.fetch(http, Cursor(kept))
    assert said
    return [each.url for each in said.documents], [each.message for each in said.failures]


def test_gos_own_archive_stands_in_for_the_export(
    tmp_path: Path, document_of: Callable[[Path], io.BytesIO]
) -> None:
    mirror, kept = tmp_path / "mirror", tmp_path / "kept"
    own = mirror / OWN
    own.parent.mkdir(parents=True)
    with zipfile.ZipFile(document_of(TESTDATA)) as source, zipfile.ZipFile(own, "w") as archive:
        archive.writestr("index/db.json", "{}")
        for name in source.namelist():
            archive.writestr(f"ID/{name}", source.read(name))
    urls, failures = fetched(mirror, kept)
    assert urls == [f"https://{EXPORT}"]
    assert failures[0].endswith(f"https://{OWN} stands in for it")
    said = list(GO.parse(io.BytesIO(own.read_bytes()), urls[0]))
    assert said == list(GO.parse(document_of(TESTDATA), urls[0]))
    (mirror / EXPORT).parent.mkdir(parents=True)
    shutil.copy(own, mirror / EXPORT)
    assert fetched(mirror, tmp_path / "new") == ([f"https://{EXPORT}"], [])
    shutil.rmtree(mirror)
    mirror.mkdir()
    assert fetched(mirror, kept)[0] == []

"""Lists of packages with all vulnerabilities that the feeds beside them know of these."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from careen.feeds import osv
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.finding import Finding
from careen.model.inventory import Inventory
from careen.model.package import Package

_TYPES = {"PyPI": ("pypi", "pip"), "npm": ("npm", "npm")}
Rows = set[str]


def sets(shared: Path) -> Iterator[tuple[str, Rows, Rows]]:
    """Name, what is true, and what careen says, of each list whose ecosystem has an export."""
    for path in sorted((shared / "truth" / "matches").glob("*.json")):
        truth = json.loads(path.read_text())
        export = (
            shared / "feeds" / "osv-vulnerabilities.storage.googleapis.com" / truth["ecosystem"] / "all.zip"
        )
        if truth["ecosystem"] in _TYPES and export.is_file():
            yield f"matches/{path.stem}", *_compared(truth, _findings(truth, export))


def _findings(truth: dict[str, Any], export: Path) -> list[Finding]:
    ecosystem = truth["ecosystem"]
    packages = tuple(
        Package(each["name"], each["version"], *_TYPES[ecosystem], each.get("location", ""), ecosystem)
        for each in truth["packages"]
    )
    feed = osv.Feed(ecosystem)
    with tempfile.TemporaryDirectory() as folder, export.open("rb") as document:
        records = ((feed.NAME, record) for record in feed.parse(document, export.as_uri()))
        path = build(records, Path(folder), today=datetime.now(UTC).date())
        with Snapshot.open(path) as snapshot:
            return list(match(Inventory(None, packages, ()), snapshot).findings)


def _compared(truth: dict[str, Any], findings: Iterable[Finding]) -> tuple[Rows, Rows]:
    """A finding is each of the expected rows whose id it has among its own; one that is none is surplus."""
    expected = {_row(each["package"], each["installed"], each["id"]) for each in truth["expected"]}
    known = {name for each in truth["expected"] for name in (each["id"], *each["aliases"])}
    found: Rows = set()
    for finding in findings:
        names = {finding.id, *finding.aliases}
        rows = {_row(finding.package.name, finding.package.version, name) for name in names}
        is_known = rows & expected or names & known
        found |= (
            rows & expected if is_known else {_row(finding.package.name, finding.package.version, finding.id)}
        )
    return expected, found


def _row(package: str, version: str, vulnerability: str) -> str:
    return f"{package} {version} {vulnerability}"

"""Broadcom's metadata of the CVEs of one release of Photon OS: a list of rows.

    {"cve_id": "CVE-2023-38545", "pkg": "curl", "cve_score": 9.8, "status": "Fixed",
     "aff_ver": "all versions before 7.88.1-4.ph4 are vulnerable", "res_ver": "7.88.1-4.ph4"}

It names source packages for the most part, here and there a package that is built from one; either is looked
for. "NA" is no version. Ids such as UNK-1 or BDSA-2025-0719 are no public names, and their rows are passed
by. A CVE that was fixed in several versions of a package was fixed by halves first, so the highest counts.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, text
from careen.feeds._json import Reader
from careen.model.advisory import Advisory, Affected, Range
from careen.model.problem import Problem
from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

_LIMIT = 256 << 20  # bytes; 6 MB in 2026
_LINK = "https://nvd.nist.gov/vuln/detail/"
_NO_VERSION = frozenset({"", "NA", "N/A"})
_BEFORE = re.compile(r"all versions before (\S+) are vulnerable")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_NOT_AFFECTED, _FIXED = "Not Affected", "Fixed"
_THRESHOLDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"), (0.0, "none"))  # CVSS 3


def advisories(document: BinaryIO, ecosystem: str) -> Iterator[Advisory | Problem]:
    """All rows are read first: those about one CVE stand apart from each other."""
    reader = Reader(document, limit=_LIMIT)
    rows: defaultdict[str, list[_Row]] = defaultdict(list)
    for number in reader.elements():
        try:
            row = _row(record(reader.value(), "the row"))
        except InvalidRecord as error:
            yield problem(f"row {number}", error.message)
        else:
            if row:
                rows[row.cve].append(row)
    reader.end()
    for cve, its in sorted(rows.items()):
        yield _advisory(cve, its, ecosystem)


@dataclass(frozen=True, slots=True)
class _Row:
    cve: str
    package: str
    fixed: str  # "" = in no version
    status: str
    severity: str


def _row(fields: Record) -> _Row | None:
    """None for a row that says nothing to the public."""
    cve = identifier(fields.get("cve_id"), "'cve_id'")
    if not _CVE.fullmatch(cve):
        return None
    package = identifier(fields.get("pkg"), "'pkg'")
    said, fixed = text(fields, "status"), text(fields, "res_ver")
    if said == _NOT_AFFECTED:
        return _Row(cve, package, "", "not_affected", "")
    before = _BEFORE.fullmatch(text(fields, "aff_ver").strip())
    fixed = before[1] if fixed in _NO_VERSION and before else fixed
    if fixed not in _NO_VERSION:
        return _Row(cve, package, version(fixed), "affected", _severity(fields.get("cve_score")))
    if said in ("", _FIXED):
        raise InvalidRecord(f"{cve} is fixed in {package}, but in no version")
    return _Row(cve, package, "", "affected", _severity(fields.get("cve_score")))


def version(text_: str) -> str:
    """The same; raises InvalidRecord for what cannot be ordered."""
    try:
        rpm.key(text_)
    except InvalidVersion as error:
        raise InvalidRecord(error.message) from None
    return text_


def _severity(score: object) -> str:
    if not isinstance(score, int | float) or isinstance(score, bool):
        return ""
    return next((word for least, word in _THRESHOLDS if score >= least), "")


def _advisory(cve: str, rows: Sequence[_Row], ecosystem: str) -> Advisory:
    packages: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        packages[row.package].append(row)
    affected = tuple(
        Affected(
            ecosystem,
            name,
            (Range(fixed=row.fixed),),
            by_source=by_source,
            severity=row.severity,
            status=row.status,
        )
        for name, its in sorted(packages.items())
        for row in [max(its, key=_weight)]
        for by_source in (True, False)
    )
    return Advisory(cve, affected, link=_LINK + cve)


def _weight(row: _Row) -> tuple[int, bytes]:
    """What is open outweighs every fix, and any fix outweighs that the package is not affected."""
    if row.status == "not_affected":
        return 0, b""
    return (1, rpm.key(row.fixed)) if row.fixed else (2, b"")

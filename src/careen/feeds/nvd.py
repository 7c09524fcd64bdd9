"""NVD's ratings: its JSON format 2.0 (nvd.nist.gov/vuln/data-feeds), the yearly files and the one of changes.

Of a CVE's CVSS metrics NVD's own (Primary) go before those of others (Secondary); of these the newest of each
of CVSS 4, 3 and 2 is given. The severity is NVD's word for the score; CVSS 2 knows no CRITICAL. `modified`
has what changed within eight days and is newer than the yearly files: the later `lastModified` counts.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from careen.feeds._compressed import inflated
from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, records, text
from careen.feeds._json import Reader
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.problem import Problem
from careen.model.severity import Severity
from careen.model.vulnerability import Rating, Rejected, Score

NAME = "nvd"
URL = "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz"

_FIRST_YEAR = 2002  # its file has the CVEs of the years before as well
_LIMIT = 1 << 30  # bytes, inflated; 200 MB in 2026
_MODIFIED = URL.format(year="modified")

_NEWEST_FIRST = (
    ("cvssMetricV40",),
    ("cvssMetricV31", "cvssMetricV30"),
    ("cvssMetricV2",),
)  # by major version
_SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
    "NONE": Severity.NEGLIGIBLE,  # a score of 0.0
}
_NVD = "nvd@nist.gov"
_SOURCE = "NVD"


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    years = range(_FIRST_YEAR, datetime.now(UTC).year + 1)
    fetched = http.fetch((*(URL.format(year=year) for year in years), _MODIFIED), seen)
    return fetched and fetched.as_windows(_MODIFIED)


def parse(document: BinaryIO, name: str) -> Iterator[Rating | Rejected | Problem]:  # noqa: ARG001 - all files are alike
    reader = Reader(inflated(document), limit=_LIMIT)
    found = False
    for member in reader.members():
        if member != "vulnerabilities":
            reader.value()
            continue
        found = True
        for number in reader.elements():
            try:
                said = list(_said(record(reader.value(), "an item")))
            except InvalidRecord as error:
                yield problem(f"item {number}", error.message)
            else:
                yield from said
    reader.end()
    if not found:
        raise InvalidDocument("a file of NVD without a list of vulnerabilities")


def _said(item: Record) -> Iterator[Rating | Rejected]:
    """Nothing of a CVE that is not rated yet."""
    cve = record(item.get("cve"), "'cve'")
    id_ = identifier(cve.get("id"), "the id")
    modified = text(cve, "lastModified")
    if text(cve, "vulnStatus") == "Rejected":
        yield Rejected(id_, _SOURCE, modified)
        return
    metrics = record(cve.get("metrics") or {}, f"'metrics' of {id_}")
    majors = [
        [metric for version in versions for metric in records(metrics, version)] for versions in _NEWEST_FIRST
    ]
    is_primary = any(text(metric, "type") == "Primary" for major in majors for metric in major)
    for major in majors:
        for metric in major:
            if (text(metric, "type") == "Primary") == is_primary:
                yield _rating(id_, metric, modified)
                break


def _rating(id_: str, metric: Record, modified: str) -> Rating:
    cvss = record(metric.get("cvssData"), f"'cvssData' of {id_}")
    word = text(cvss, "baseSeverity") or text(metric, "baseSeverity")
    if word not in _SEVERITIES:
        raise InvalidRecord(f"{id_} has the severity {word!r}")
    source = text(metric, "source")
    score = Score(_SOURCE if source == _NVD else source, identifier(cvss.get("vectorString"), "the vector"))
    return Rating(id_, score, _SEVERITIES[word], modified)

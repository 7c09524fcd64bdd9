"""NVD's ratings: the yearly files of its JSON format 2.0 (nvd.nist.gov/vuln/data-feeds).

Of a CVE's CVSS metrics NVD's own (Primary) go before those of others (Secondary), then the newest version
of CVSS. The severity is NVD's word for the score; CVSS 2 knows no CRITICAL.
"""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, records, text
from careen.feeds._json import Reader
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Rating, Score
from careen.model.problem import Problem
from careen.model.severity import Severity

NAME = "nvd"
URL = "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz"

_FIRST_YEAR = 2002  # its file has the CVEs of the years before as well
_LIMIT = 1 << 30  # bytes, inflated; 200 MB in 2026
_GZIP = b"\x1f\x8b"

_NEWEST_FIRST = ("cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2")
_SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
    "NONE": Severity.NEGLIGIBLE,  # a score of 0.0
}
_NVD = "nvd@nist.gov"


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    years = range(_FIRST_YEAR, datetime.now(UTC).year + 1)
    return http.fetch((URL.format(year=year) for year in years), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Rating | Problem]:  # noqa: ARG001 - all files are alike
    reader = Reader(_inflated(document), limit=_LIMIT)
    for member in reader.members():
        if member != "vulnerabilities":
            reader.value()
            continue
        for number in reader.elements():
            try:
                rating = _rating(record(reader.value(), "an item"))
            except InvalidRecord as error:
                yield problem(f"item {number}", error.message)
            else:
                if rating:
                    yield rating
    reader.end()


def _inflated(document: BinaryIO) -> BinaryIO:
    """A server that marks the file as compressed content has it inflated on the way."""
    magic = document.read(len(_GZIP))
    document.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=document)) if magic == _GZIP else document


def _rating(item: Record) -> Rating | None:
    """None for a CVE that was rejected or is not rated yet."""
    cve = record(item.get("cve"), "'cve'")
    id_ = identifier(cve.get("id"), "the id")
    if text(cve, "vulnStatus") == "Rejected":
        return None
    metrics = record(cve.get("metrics") or {}, f"'metrics' of {id_}")
    found = [metric for version in _NEWEST_FIRST for metric in records(metrics, version)]
    if not found:
        return None
    best = min(found, key=lambda metric: text(metric, "type") != "Primary")
    cvss = record(best.get("cvssData"), f"'cvssData' of {id_}")
    word = text(cvss, "baseSeverity") or text(best, "baseSeverity")
    if word not in _SEVERITIES:
        raise InvalidRecord(f"{id_} has the severity {word!r}")
    source = text(best, "source")
    score = Score("NVD" if source == _NVD else source, identifier(cvss.get("vectorString"), "the vector"))
    return Rating(id_, score, _SEVERITIES[word])

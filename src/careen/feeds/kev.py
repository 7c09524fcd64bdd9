"""CISA's catalogue of vulnerabilities known to be used (cisa.gov/known-exploited-vulnerabilities).

{"vulnerabilities": [{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10",
                      "knownRansomwareCampaignUse": "Known"}]}
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, text
from careen.feeds._json import Reader
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.problem import Problem
from careen.model.vulnerability import Exploited

NAME = "kev"
URL = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

_LIMIT = 64 << 20  # bytes; 1.6 MB in 2026
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SOURCE = "CISA KEV"


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((URL,), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Exploited | Problem]:  # noqa: ARG001 - one document only
    reader = Reader(document, limit=_LIMIT)
    found = False
    for member in reader.members():
        if member != "vulnerabilities":
            reader.value()
            continue
        found = True
        for number in reader.elements():
            try:
                yield _exploited(record(reader.value(), "an entry"))
            except InvalidRecord as error:
                yield problem(f"entry {number}", error.message)
    reader.end()
    if not found:
        raise InvalidDocument("a catalogue without a list of vulnerabilities")


def _exploited(entry: Record) -> Exploited:
    id_ = identifier(entry.get("cveID"), "the id")
    since = text(entry, "dateAdded")
    if not _DAY.fullmatch(since):
        raise InvalidRecord(f"{id_} was added on {since[:30]!r}, which is no day")
    return Exploited(id_, _SOURCE, since, ransomware=text(entry, "knownRansomwareCampaignUse") == "Known")

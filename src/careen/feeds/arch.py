"""Arch Linux' security tracker (security.archlinux.org): groups of packages with what was found in them.

A group (AVG-1234) names the packages that are built together, the version in which the issues were seen, and
the version that fixes them:

    Vulnerable      no fix; all versions are taken for affected
    Fixed           below `fixed`
    Testing         the same, but the fix has not left the testing repositories: "pending"
    Unknown         not yet looked at
    Not affected    what was suspected is not so

Each issue is an advisory with the group and its announcements (ASA) among the aliases; a group without an
issue is a vulnerability by itself.
"""

from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, sequence, summary, text
from careen.feeds._json import Reader
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import alpm

NAME = "arch"
URL = "https://security.archlinux.org/all.json"

_LIMIT = 256 << 20  # bytes; 1 MB in 2026
_ECOSYSTEM = "Arch Linux"  # it has no releases
_PAGE = "https://security.archlinux.org/"

_STATUSES = {
    "Vulnerable": "affected",
    "Fixed": "affected",
    "Testing": "pending",
    "Unknown": "under_investigation",
    "Not affected": "not_affected",
}
_WITH_FIX = frozenset({"Fixed", "Testing"})


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((URL,), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG001 - one document only
    reader = Reader(document, limit=_LIMIT)
    yield Ecosystem(_ECOSYSTEM, alpm.NAME)
    for number in reader.elements():
        try:
            group = record(reader.value(), "the group")
            advisories = list(_advisories(group))
        except InvalidRecord as error:
            yield problem(f"group {number}", error.message)
        else:
            yield from advisories
    reader.end()


def _advisories(group: Record) -> Iterator[Advisory]:
    id_ = identifier(group.get("name"), "the group's name")
    announced = [identifier(each, "an announcement") for each in sequence(group, "advisories")]
    issues = [identifier(each, "an issue") for each in sequence(group, "issues")]
    affected = tuple(_affected(group))
    severity, title = text(group, "severity"), summary(group.get("type"))
    for issue in dict.fromkeys(issues or [id_]):
        others = (id_, *announced) if issues else tuple(announced)
        link = _PAGE + quote(id_)
        yield Advisory(issue, affected, others, severity=severity, link=link, summary=title)


def _affected(group: Record) -> Iterator[Affected]:
    said, fixed = text(group, "status"), text(group, "fixed")
    if said not in _STATUSES or (said in _WITH_FIX and not fixed):
        raise InvalidRecord(f"the status {said!r} with the fixed version {fixed!r}")
    if said == "Not affected":
        fixed = ""
    ranges = (Range(fixed=identifier(fixed, "the fixed version") if fixed else ""),)
    for package in dict.fromkeys(sequence(group, "packages")):
        yield Affected(_ECOSYSTEM, identifier(package, "a package"), ranges, status=_STATUSES[said])

"""What is unfixed in Alpine, as its security tracker says; secdb holds fixes only.

security.alpinelinux.org answers `/branch/3.20-main` in JSON-LD with all vulnerabilities that a published
version of a package of that branch has (gitlab.alpinelinux.org/alpine/security/secfixes-tracker, models.py):

    {"type": "Collection", "items": [{"id": "https://security.alpinelinux.org/vuln/CVE-2024-1",
      "cvss3": {"score": 9.8, "vector": "CVSS:3.1/…"},
      "state": [{"fixed": false, "repo": "3.20-main",
                 "packageVersion": "https://security.alpinelinux.org/srcpkg/busybox/1.36.1-r29"}],
      "cpeMatch": [{"package": "https://security.alpinelinux.org/srcpkg/busybox",
                    "minimumVersion": "1.35", "minimumVersionOp": ">=",
                    "maximumVersion": "1.36.1", "maximumVersionOp": "<="}]}]}

The states are of all branches. Each is of a version that was published, so what is affected ends with it, and
begins where NVD's range for it begins. What it calls fixed is in secdb already.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import unquote

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, records, summary, text
from careen.feeds._json import Reader
from careen.feeds.alpine import END_OF_LIFE
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Range
from careen.model.problem import Problem
from careen.model.vulnerability import Score
from careen.versions import apk
from careen.versions.invalid import InvalidVersion

NAME = "alpine-tracker"

_SITE = "https://security.alpinelinux.org"
_BRANCH = re.compile(rf"{re.escape(_SITE)}/branch/(?P<branch>(?P<release>[0-9]+\.[0-9]+|edge)-[a-z]+)")
_VERSION = re.compile(r"https?://[^/]+/srcpkg/(?P<package>[^/#]+)(?:/|#version/)(?P<version>[^/#]+)")
_VULNERABILITY = re.compile(r"https?://[^/]+/vuln/(?P<id>[^/#]+)")
_ACCEPT = "application/ld+json"  # without it the site answers with a page for people
_LIMIT = 512 << 20  # bytes
_REMARK = "unfixed, says Alpine's tracker, which compares NVD's records with its packages by name"


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    """Two documents for edge and for each release that has not ended; a round of fixes may halve them."""
    today = datetime.now(UTC).date().isoformat()
    supported = [release.removeprefix("v") for release, end in END_OF_LIFE.items() if end >= today]
    branches = [f"{release}-{kind}" for release in (*supported, "edge") for kind in ("main", "community")]
    fetched = http.fetch((f"{_SITE}/branch/{branch}" for branch in branches), seen, accept=_ACCEPT)
    return fetched and fetched.as_windows()


def parse(document: BinaryIO, name: str) -> Iterator[Advisory | Problem]:
    """`name` is the document's URL, which tells the branch."""
    url = _BRANCH.fullmatch(name)
    if not url:
        raise InvalidDocument(f"{name} is no branch of Alpine's tracker")
    release = url["release"]
    ecosystem = f"Alpine:{release if release == 'edge' else f'v{release}'}"
    reader = Reader(document, limit=_LIMIT)
    found = False
    for member in reader.members():
        if member != "items":
            reader.value()
            continue
        found = True
        for number in reader.elements():
            try:
                advisory = _advisory(record(reader.value(), "an item"), ecosystem, url["branch"])
            except InvalidRecord as error:
                yield problem(f"{url['branch']}, item {number}", error.message)
            else:
                if advisory.affected:
                    yield advisory
    reader.end()
    if not found:
        raise InvalidDocument("a branch of Alpine's tracker without a list of items")


def _advisory(item: Record, ecosystem: str, branch: str) -> Advisory:
    link = text(item, "id")
    named = _VULNERABILITY.fullmatch(link)
    if not named:
        raise InvalidRecord(f"{link[:200]!r} is no address of a vulnerability")
    vector = text(record(item.get("cvss3") or {}, "'cvss3'"), "vector")
    matches = list(records(item, "cpeMatch"))
    affected = (
        Affected(ecosystem, package, (_range(package, version, matches),), by_source=True, remark=_REMARK)
        for package, version in sorted(_unfixed(item, branch).items())
    )
    return Advisory(
        identifier(unquote(named["id"]), "the id"),
        tuple(affected),
        scores=(Score("NVD", identifier(vector, "a CVSS vector")),) if vector else (),
        link=link,
        summary=summary(text(item, "description")),
    )


def _unfixed(item: Record, branch: str) -> dict[str, str]:
    """Of each package that no version of the branch mends, the newest version known to be affected."""
    found: dict[str, str] = {}
    fixed = set()
    for state in records(item, "state"):
        if text(state, "repo") not in ("", branch):
            continue
        match = _VERSION.fullmatch(text(state, "packageVersion"))
        if not match or not isinstance(state.get("fixed"), bool):
            raise InvalidRecord(f"a state of {text(state, 'packageVersion')[:200]!r} cannot be read")
        package = identifier(unquote(match["package"]), "the package's name")
        version = identifier(unquote(match["version"]), "a version")
        if state["fixed"]:
            fixed.add(package)
        elif package not in found or _key(found[package]) < _key(version):
            found[package] = version
    return {package: version for package, version in found.items() if package not in fixed}


def _range(package: str, version: str, matches: Sequence[Record]) -> Range:
    """Up to `version`, from where the ranges begin that it lies in."""
    own = [each for each in matches if unquote(text(each, "package")).endswith(f"/srcpkg/{package}")]
    upstream = _key(version.rpartition("-r")[0] or version)
    begins = [_begin(each) for each in own if _begin(each) == "" or _key(_begin(each)) <= upstream]
    begin = max(begins, key=_key, default="") if "" not in begins else ""
    return Range(begin, last_affected=version)


def _begin(match: Record) -> str:
    """Where one of NVD's ranges begins, "" = with the first version."""
    least, most = text(match, "minimumVersion"), text(match, "maximumVersion")
    if not least:
        return most if text(match, "maximumVersionOp") == "==" else ""
    # Above every build of that version, and below what comes after it.
    return f"{least}_p0" if text(match, "minimumVersionOp") == ">" else least


def _key(version: str) -> bytes:
    """Of what is no version the lowest: the snapshot's builder reports it."""
    try:
        return apk.key(version) if version else b""
    except InvalidVersion:
        return b""

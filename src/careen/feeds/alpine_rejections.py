"""What Alpine's security team looked at and rejected: CVEs that a package is said to have, and has not.

gitlab.alpinelinux.org/alpine/security/security-rejections has a file for each repository, in YAML:

    dnsmasq:
      - CVE-2021-45951
      - CVE-2021-45952 # disputed by upstream

Of YAML no more is read than this form, and lists in brackets. It holds for every release.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from careen.feeds._fields import problem
from careen.feeds.alpine import PAGES, RELEASES
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Range
from careen.model.problem import Problem

NAME = "alpine-rejections"

_RAW = "https://gitlab.alpinelinux.org/alpine/security/security-rejections/-/raw/master"
_LONGEST_LINE = 10_000  # bytes
_MOST_LINES = 1_000_000
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PACKAGE = re.compile(r"(?P<quote>[\"']?)(?P<name>[\w.+-]+)(?P=quote)\s*:\s*(?P<list>\[.*\])?", re.ASCII)
_ID = r"[A-Za-z][A-Za-z0-9]*-[\w.-]*[0-9][\w.-]*"  # CVE-2021-45951, XSA-300
_ITEM = re.compile(rf"\s*-\s+(?P<quote>[\"']?)(?P<id>{_ID})(?P=quote)", re.ASCII)
_IDS = re.compile(_ID, re.ASCII)


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((f"{_RAW}/main.yaml", f"{_RAW}/community.yaml"), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Advisory | Problem]:  # noqa: ARG001 - both are alike
    package, found = "", False
    for number, line in enumerate(_lines(document), start=1):
        head, item = _PACKAGE.fullmatch(line), _ITEM.fullmatch(line)
        package = head["name"] if head else package
        ids = _IDS.findall(head["list"] or "") if head else [item["id"]] if item and package else []
        found = found or bool(ids)
        yield from (_rejected(package, id_) for id_ in ids)
        if line not in ("", "---") and not head and not ids:
            yield problem(f"line {number}", f"{line[:100]!r} is neither a package nor an id")
    if not found:
        raise InvalidDocument("a list of rejections without a single one")


def _lines(document: BinaryIO) -> Iterator[str]:
    for _ in range(_MOST_LINES):
        line = document.readline(_LONGEST_LINE)
        if not line:
            return
        if len(line) == _LONGEST_LINE:
            raise InvalidDocument(f"a list of rejections with a line of more than {_LONGEST_LINE} bytes")
        try:
            yield _COMMENT.sub("", line.decode()).rstrip()
        except UnicodeDecodeError as error:
            raise InvalidDocument(f"a list of rejections that is no text: {error}") from None
    raise InvalidDocument(f"a list of rejections of more than {_MOST_LINES} lines")


def _rejected(package: str, id_: str) -> Advisory:
    everywhere = (
        Affected(f"Alpine:{release}", package, (Range(),), by_source=True, status="not_affected")
        for release in RELEASES
    )
    return Advisory(id_, tuple(everywhere), link=PAGES + quote(id_))

"""EPSS: how likely it is that a vulnerability will be used within 30 days (first.org/epss/data_stats).

#model_version:v2025.03.14,score_date:2026-08-16T00:00:00+0000
cve,epss,percentile
CVE-1999-0001,0.03351,0.8765
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds._compressed import BROKEN, inflated
from careen.feeds._fields import InvalidRecord, identifier, problem
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.problem import Problem
from careen.model.vulnerability import Likelihood

NAME = "epss"
URL = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"

_LIMIT = 1 << 28  # bytes, inflated; 11 MB in 2026
_LONGEST_LINE = 1000  # bytes
_ABOUT = re.compile(r"#.*score_date:([0-9]{4}-[0-9]{2}-[0-9]{2})")
_COLUMNS = "cve,epss,percentile"
_SHARE = re.compile(r"[01](?:\.[0-9]{1,20})?(?:[eE]-[0-9]{1,3})?")


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((URL,), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Likelihood | Problem]:  # noqa: ARG001 - one document only
    lines = _lines(document)
    about = _ABOUT.match(next(lines, ""))
    if not about or next(lines, "") != _COLUMNS:
        raise InvalidDocument("no table of EPSS: its first lines tell neither the day nor the columns")
    for number, line in enumerate(lines, start=3):
        try:
            yield _likelihood(line, about[1])
        except InvalidRecord as error:
            yield problem(f"line {number}", error.message)


def _lines(document: BinaryIO) -> Iterator[str]:
    source, left = inflated(document), _LIMIT
    try:
        while line := source.readline(_LONGEST_LINE):
            left -= len(line)
            if left < 0 or len(line) == _LONGEST_LINE:
                raise InvalidDocument("no table of EPSS: longer than it may be")
            if not line.endswith(b"\n"):
                raise InvalidDocument("a table of EPSS that breaks off")
            yield line.decode("utf-8", "replace").rstrip("\r\n")
    except BROKEN as error:
        raise InvalidDocument(f"no table of EPSS: {error}") from None


def _likelihood(line: str, day: str) -> Likelihood:
    id_, *shares = line.split(",")
    if len(shares) != 2 or not all(map(_SHARE.fullmatch, shares)):  # noqa: PLR2004 - the columns named above
        raise InvalidRecord(f"{line[:100]!r} is no id with two shares")
    probability, percentile = map(float, shares)
    if max(probability, percentile) > 1:
        raise InvalidRecord(f"{line[:100]!r} has a share above 1")
    return Likelihood(identifier(id_, "the id"), probability, percentile, day)

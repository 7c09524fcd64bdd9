"""Bottlerocket's advisories: an updateinfo.xml for all its versions (advisories.bottlerocket.aws).

Packages are named as the inventory in the image names them. The page of an advisory is the one that it refers
to itself: of another kit's repository for each.
"""

from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds import _updateinfo
from careen.feeds._updateinfo import Update
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem
from careen.model.problem import Problem
from careen.versions import rpm

NAME = "bottlerocket"
URL = "https://advisories.bottlerocket.aws/updateinfo.xml.gz"

_ECOSYSTEM = "Bottlerocket"
_PAGES = "https://github.com/bottlerocket-os/"


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((URL,), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG001 - one document only
    return _updateinfo.advisories(document, Ecosystem(_ECOSYSTEM, rpm.NAME), _advisories)


def _advisories(update: Update) -> Iterator[Advisory]:
    """One for each CVE; an advisory that names none is a vulnerability by itself."""
    affected = tuple(update.affected(_ECOSYSTEM))
    for id_ in update.cves or (update.id,):
        yield update.advisory(id_, affected, update.page if update.page.startswith(_PAGES) else "")

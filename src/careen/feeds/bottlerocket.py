"""Bottlerocket's advisories: an updateinfo.xml for all its versions (advisories.bottlerocket.aws).

Packages are named as the inventory in the image names them. The page of an advisory is the one that it refers
to itself: of another kit's repository for each.
"""

from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds import _updateinfo
from careen.feeds._fields import InvalidRecord, problem
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
    for number, element in enumerate(_updateinfo.updates(document), start=1):
        if number == 1:
            yield Ecosystem(_ECOSYSTEM, rpm.NAME)
        try:
            update = _updateinfo.update(element)
        except InvalidRecord as error:
            yield problem(element.first("id").text or f"update {number}", error.message)
        else:
            yield from _advisories(update)


def _advisories(update: Update) -> Iterator[Advisory]:
    """One for each CVE; an advisory that names none is a vulnerability by itself."""
    affected = tuple(update.affected(_ECOSYSTEM))
    for id_ in update.cves or (update.id,):
        yield Advisory(
            id=id_,
            affected=affected,
            aliases=(update.id,) if id_ != update.id else (),
            severity=update.severity,
            link=update.page if update.page.startswith(_PAGES) else "",
            summary=update.title,
            published=update.issued,
            modified=update.updated,
        )

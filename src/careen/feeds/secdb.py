"""Distributions that roll and publish one secdb for all their packages: Wolfi, Chainguard, MinimOS.

They are named as OSV names them (ossf.github.io/osv-schema, "Defined ecosystems").
"""

from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds import _secdb
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem
from careen.model.problem import Problem
from careen.versions import apk

_PAGES = "https://osv.dev/vulnerability/"  # of MinimOS and Wolfi there are none of their own for an id


class Feed:
    """The secdb at `url`, of one distribution."""

    def __init__(self, name: str, ecosystem: str, url: str) -> None:
        self.NAME = name
        self._ecosystem = ecosystem
        self._url = url

    def fetch(self, http: Http, seen: Cursor) -> Fetched | None:
        return http.fetch((self._url,), seen)

    def parse(self, document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG002 - one document only
        yield Ecosystem(self._ecosystem, apk.NAME)
        yield from _secdb.advisories(document, self._ecosystem, _PAGES)

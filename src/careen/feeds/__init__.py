"""Feeds: one module for each upstream that publishes advisories, or says something of vulnerabilities."""

from collections.abc import Iterable
from typing import BinaryIO, Protocol

from careen.feeds import (
    alpine,
    alpine_rejections,
    alpine_tracker,
    amazon,
    arch,
    azurelinux,
    bottlerocket,
    debian,
    epss,
    kev,
    nvd,
    oracle,
    osv,
    photon,
    redhat,
    secdb,
    suse,
    ubuntu,
)
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem, Repository, Revision
from careen.model.problem import Problem
from careen.model.vulnerability import Enrichment


class Feed(Protocol):
    """An upstream; a module is one, or an instance where several upstreams speak one format."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of a module
    def fetch(self, http: Http, seen: Cursor) -> Fetched | None:
        """What is new since `seen`, and what could not be had; None when nothing is."""
        ...

    def parse(
        self, document: BinaryIO, name: str
    ) -> Iterable[Ecosystem | Advisory | Repository | Revision | Problem]:
        """What a document says; `name` is its URL. No network.

        A record that cannot be read is a Problem. Raises InvalidDocument, perhaps in the midst, where the
        document as a whole is not what it should be.
        """
        ...


class Enricher(Protocol):
    """An upstream that says something of a vulnerability as such, whatever package has it."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of a module
    def fetch(self, http: Http, seen: Cursor) -> Fetched | None:
        """As a feed's."""
        ...

    def parse(self, document: BinaryIO, name: str) -> Iterable[Enrichment | Problem]:
        """As a feed's, by id of the vulnerability."""
        ...


FEEDS: list[Feed] = [
    debian,
    alpine,
    alpine_rejections,
    alpine_tracker,
    ubuntu,
    secdb.Feed("chainguard", "Chainguard", "https://packages.cgr.dev/chainguard/security.json"),
    secdb.Feed("minimos", "MinimOS", "https://packages.mini.dev/advisories/secdb/security.json"),
    secdb.Feed("wolfi", "Wolfi", "https://packages.wolfi.dev/os/security.json"),
    osv.Feed("Bitnami"),
    osv.Feed("CRAN"),
    osv.Feed("Go", stand_in="https://vuln.go.dev/vulndb.zip"),
    osv.Feed("Hackage"),
    osv.Feed("Hex"),
    osv.Feed("Julia"),
    osv.Feed("Maven"),
    osv.Feed("NuGet"),
    osv.Feed("Packagist"),
    osv.Feed("Pub"),
    osv.Feed("PyPI"),
    osv.Feed("RubyGems"),
    osv.Feed("SwiftURL"),
    osv.Feed("crates.io"),
    osv.Feed("npm"),
    osv.Feed("AlmaLinux:8"),
    osv.Feed("AlmaLinux:9"),
    osv.Feed("AlmaLinux:10"),
    osv.Feed("Rocky Linux:8"),
    osv.Feed("Rocky Linux:9"),
    osv.Feed("Rocky Linux:10"),
    osv.Feed("Mageia"),
    osv.Feed("openEuler"),
    amazon,
    arch,
    azurelinux,
    bottlerocket,
    oracle,
    photon,
    redhat,
    suse,
]

ENRICHERS: list[Enricher] = [
    epss,
    kev,
    nvd,
]

Upstream = Feed | Enricher
UPSTREAMS: list[Upstream] = [*FEEDS, *ENRICHERS]

"""SUSE's and openSUSE's VEX documents (CSAF 2.0), all in one archive: one for each CVE.

ftp.suse.com/pub/projects/security, suse.com/support/security/csaf. Of its states

    recommended, first_fixed, fixed   builds with the fix; the first is the one to go to, and mostly alone
    known_affected                    packages and sources without one; "no_fix_planned" if there will be none
    known_not_affected                packages and sources
    under_investigation               the same

What is said of the Long Term Service Pack Support, or of a module, holds for a release that says nothing
itself: it is the same code under another subscription.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from careen.feeds import _csaf, _suse_places
from careen.feeds._csaf import Tree
from careen.feeds._csaf_cut import Cut
from careen.feeds._fields import InvalidRecord, Record, problem, record, records, summary, text
from careen.feeds._suse_release import Release, Said, said
from careen.feeds._tar import files
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem
from careen.model.problem import Problem

NAME = "suse"
VEX = "https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2"

_LIMIT = 128 << 30  # bytes of all documents, inflated
_LARGEST = 96 << 20  # bytes of a document
_PAGE = "https://www.suse.com/security/cve/"
_FIXES = ("recommended", "first_fixed", "fixed")
_NOTICE = re.compile(r"Advisory link for ((?:open)?SUSE-SU-[0-9]{4}:[0-9]+-[0-9]+)")
# MITRE's words for an id that is no vulnerability; the format has no place for them.
_REJECTED = re.compile(
    r"do not use this (candidate number|cve record)|has been rejected or withdrawn|\*\* ?reject ?\*\*",
    re.IGNORECASE,
)
_STATUSES = {"no_fix_planned": "will_not_fix", "fix_deferred": "deferred"}


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    """What is kept is the archive as it is cut down: the address and the marks of the whole one stay."""
    fetched = http.fetch((VEX,), seen)
    if fetched is None:
        return None
    short = map(_CUT.of, fetched.documents)
    known = {each.sha256 for each in seen.documents.values()}
    documents = tuple(each for each in short if each.sha256 not in known)
    return replace(fetched, documents=documents) if documents or fetched.failures else None


def _of_containers(tree: Tree) -> set[str]:
    """Products of the platforms that careen has a name for."""
    places = {id_: _suse_places.place(each.cpe, each.name) for id_, each in tree.products.items()}
    return {id_ for id_, (_, platform) in tree.relations.items() if places.get(platform)}


_CUT = Cut(
    _of_containers,
    head=("aggregate_severity", "notes", "references", "tracking"),
    limit=_LIMIT,
    largest=_LARGEST,
)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG001 - one document only
    declared: set[str] = set()
    for member, content in files(document, limit=_LIMIT, largest=_LARGEST):
        if not member.endswith(".json"):
            continue
        try:
            found = list(_records(_csaf.document(content)))
        except InvalidRecord as error:
            yield problem(member, error.message)
            continue
        for each in found:
            if isinstance(each, Advisory):
                releases = {affected.ecosystem for affected in each.affected}
                yield from (_suse_places.ecosystem(release) for release in sorted(releases - declared))
                declared |= releases
            yield each


@dataclass(slots=True)
class _Reader:
    """Puts what a vulnerability's states say of products in its place."""

    tree: Tree
    releases: defaultdict[str, Release]
    severities: Mapping[str, str]
    statuses: Mapping[str, str]

    def read(self, product: str, kind: str) -> None:
        """Raises InvalidRecord."""
        component, platform = self.tree.relations.get(product, ("", ""))
        owner = self.tree.products.get(platform)
        place = _suse_places.place(owner.cpe, owner.name) if owner else None
        if place is None:
            return
        known = self.tree.products.get(component)
        found = said(
            component,
            known.purl if known else "",
            is_fix=kind in _FIXES,
            rank=place.rank,
            severity=self.severities.get(product, ""),
            status=self.statuses.get(product, kind if kind == "under_investigation" else "affected"),
        )
        if found:
            self._list(self.releases[place.ecosystem], kind).append(found)

    def _list(self, release: Release, kind: str) -> list[Said]:
        if kind in _FIXES:
            return release.fixed
        return release.cleared if kind == "known_not_affected" else release.open


def _records(document: Record) -> Iterator[Advisory | Problem]:
    tree = Tree.of(document)
    for vulnerability in records(document, "vulnerabilities"):
        releases: defaultdict[str, Release] = defaultdict(Release)
        impacts = _csaf.by_product(vulnerability, "threats", "impact")
        severities = {product: text(each, "details") for product, each in impacts}
        reader = _Reader(tree, releases, severities, dict(_statuses(vulnerability)))
        reasons: dict[str, str] = {}
        for product, kind in _states(vulnerability):
            try:
                reader.read(product, kind)
            except InvalidRecord as error:
                reasons.setdefault(error.message, product)
        yield from (problem(product, reason) for reason, product in reasons.items())
        affected = [each for name, release in sorted(releases.items()) for each in release.affected(name)]
        if affected:
            yield _advisory(document, vulnerability, tuple(affected))


def _states(vulnerability: Record) -> Iterator[tuple[str, str]]:
    """Products with their state. Of the fixes only the builds to go to, where there are any."""
    fixes = {kind: list(_csaf.statuses(vulnerability, kind)) for kind in _FIXES}
    told = {_package_place(product) for product in fixes["recommended"]}
    for kind, products in fixes.items():
        for product in products:
            if kind == "recommended" or _package_place(product) not in told:
                yield product, kind
    for kind in ("known_affected", "under_investigation", "known_not_affected"):
        yield from ((product, kind) for product in _csaf.statuses(vulnerability, kind))


def _package_place(product: str) -> str:
    """Platform and name of PLATFORM:NAME-VERSION-RELEASE."""
    return product.rsplit("-", 2)[0]


def _statuses(vulnerability: Record) -> Iterator[tuple[str, str]]:
    for category, status in _STATUSES.items():
        for product, _ in _csaf.by_product(vulnerability, "remediations", category):
            yield product, status


def _advisory(document: Record, vulnerability: Record, affected: tuple[Affected, ...]) -> Advisory:
    head = record(document.get("document"), "'document'")
    name = _csaf.cve(vulnerability)
    notes = [text(each, "text") for each in records(head, "notes") if text(each, "category") == "description"]
    modified = _csaf.moment(text(record(head.get("tracking"), "'tracking'"), "current_release_date"))
    notices = (_NOTICE.match(text(each, "summary")) for each in records(head, "references"))
    return Advisory(
        id=name,
        affected=affected,
        aliases=tuple(dict.fromkeys(match[1] for match in notices if match)),
        scores=tuple(_csaf.scores(vulnerability, "SUSE")),
        severity=text(record(head.get("aggregate_severity") or {}, "'aggregate_severity'"), "text"),
        link=_PAGE + name,
        summary=summary(notes[0]) if notes else "",
        modified=modified,
        withdrawn=modified if any(map(_REJECTED.search, notes)) else "",
    )

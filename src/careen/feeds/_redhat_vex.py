"""What one of Red Hat's VEX documents says of a vulnerability (CSAF 2.0, profile VEX; one CVE each).

redhatproductsecurity.github.io/security-data-guidelines/csaf-vex:

    fixed               builds with the fix, for each repository and architecture
    known_affected      packages of a product that have none: by remediation "Affected" or "Fix deferred"
                        (none_available), "Will not fix" or "Out of support scope" (no_fix_planned)
    known_not_affected  packages of a product without the flaw
    under_investigation packages of a product that nobody has looked at

A product that is named as a whole (enterprise_linux:9) means its streams too (rhel_eus:9.4), unless they have
something of their own to say. A source package among them means whatever was built from it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from careen.feeds import _csaf
from careen.feeds._csaf import Tree
from careen.feeds._fields import InvalidRecord, Record, problem, record, records, summary, text
from careen.feeds._redhat_builds import build
from careen.feeds._redhat_release import Release, Said
from careen.model.advisory import Advisory, Affected
from careen.model.problem import Problem
from careen.model.vulnerability import Score

NAME = "Red Hat"
_PAGE = "https://access.redhat.com/security/cve/"
_ERRATUM = re.compile(r"RH[SBE]A-[0-9]{4}:[0-9]{4,7}")
_REJECTED = re.compile(r"\s*\*\* ?REJECT", re.IGNORECASE)
_DELETED = "deleted"  # status of a document that stands for nothing any more
_NOT_FIXED = {
    ("no_fix_planned", "out of support scope"): "end_of_life",
    ("no_fix_planned", ""): "will_not_fix",
    ("none_available", "fix deferred"): "deferred",
    ("none_available", "deferred"): "deferred",
}


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is said of the vulnerability as such."""

    id: str
    modified: str
    published: str
    withdrawn: str
    summary: str
    severity: str
    scores: tuple[Score, ...]

    def advisory(self, affected: Sequence[Affected], errata: Sequence[str]) -> Advisory:
        return Advisory(
            id=self.id,
            affected=tuple(affected),
            aliases=tuple(errata),
            scores=self.scores,
            severity=self.severity,
            link=_PAGE + self.id,
            summary=self.summary,
            published=self.published,
            modified=self.modified,
            withdrawn=self.withdrawn,
        )


def identity(document: Record) -> tuple[str, str]:
    """The CVE that it is about, and when it was last written, in UTC; raises InvalidRecord."""
    tracking = record(record(document.get("document"), "'document'").get("tracking"), "'tracking'")
    name = _csaf.cve({"cve": tracking.get("id")})
    return name, _csaf.moment(text(tracking, "current_release_date"))


def advisories(document: Record) -> Iterator[Advisory | Problem]:
    """One for each ecosystem and errata. Raises InvalidRecord for a document of which nothing can be used."""
    name, modified = identity(document)
    head = record(document.get("document"), "'document'")
    if text(record(head.get("tracking"), "'tracking'"), "status") == _DELETED:
        return
    tree = Tree.of(document)
    for vulnerability in records(document, "vulnerabilities"):
        whole = _whole(head, vulnerability, modified)
        if whole.id != name:
            raise InvalidRecord(f"{name} speaks of {whole.id}")
        releases: defaultdict[str, Release] = defaultdict(Release)
        for said in _said(vulnerability, tree):
            if isinstance(said, Problem):
                yield said
            else:
                _sort_in(releases, *said)
        for release, found in releases.items():
            for errata, affected in found.affected(f"{NAME}:{release}").items():
                yield whole.advisory(affected, errata)


def _whole(head: Record, vulnerability: Record, modified: str) -> _Whole:
    title = text(vulnerability, "title") or text(head, "title")
    published = text(vulnerability, "release_date")
    return _Whole(
        id=_csaf.cve(vulnerability),
        modified=modified,
        published=_csaf.moment(published) if published else "",
        withdrawn=modified if _REJECTED.match(title) else "",
        summary=summary(title),
        severity=text(record(head.get("aggregate_severity") or {}, "'aggregate_severity'"), "text"),
        scores=tuple(_csaf.scores(vulnerability, NAME)),
    )


def _said(vulnerability: Record, tree: Tree) -> Iterator[tuple[str, Said] | Problem]:
    """Beside each the name of its status; products that cannot be read are a Problem for each reason."""
    severities = {
        id_: text(each, "details") for id_, each in _csaf.by_product(vulnerability, "threats", "impact")
    }
    errata = dict(_errata(vulnerability))
    open_ = dict(_not_fixed(vulnerability))
    reasons: dict[str, str] = {}
    for kind in ("fixed", "known_affected", "under_investigation", "known_not_affected"):
        for product in _csaf.statuses(vulnerability, kind):
            try:
                found = build(tree.chain(product))
            except InvalidRecord as error:
                reasons.setdefault(error.message, product)
                continue
            if found:
                yield (
                    kind,
                    Said(
                        found,
                        severities.get(product, ""),
                        open_.get(product, "affected"),
                        errata.get(product, ""),
                    ),
                )
    yield from (problem(product, reason) for reason, product in reasons.items())


def _errata(vulnerability: Record) -> Iterator[tuple[str, str]]:
    for product, remediation in _csaf.by_product(vulnerability, "remediations", "vendor_fix"):
        if match := _ERRATUM.search(text(remediation, "url")):
            yield product, match[0]


def _not_fixed(vulnerability: Record) -> Iterator[tuple[str, str]]:
    """The status of what has no fix, where a remediation tells."""
    for category in ("none_available", "no_fix_planned"):
        for product, remediation in _csaf.by_product(vulnerability, "remediations", category):
            details = text(remediation, "details").strip().casefold()
            default = _NOT_FIXED.get((category, ""), "affected")
            yield product, _NOT_FIXED.get((category, details), default)


def _sort_in(releases: Mapping[str, Release], kind: str, said: Said) -> None:
    for name in said.build.releases:
        release = releases[name]
        match kind:
            case "fixed":
                if said.build.version:
                    release.fixed.append(said)
            case "known_not_affected":
                if not said.build.version:  # else: what an erratum brought along
                    release.cleared.append(said)
            case "under_investigation":
                release.open.append(replace(said, status=kind))
            case _:
                release.open.append(said)

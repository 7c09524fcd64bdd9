"""Ubuntu's security team: its vulnerabilities as OSV records, and beside them what it says in OpenVEX.

documentation.ubuntu.com/security/security-updates/osv: what is `released` has a fixed version; needed,
needs-triage, deferred, pending and ignored are a range without one; what is not affected, or is not in the
release at all, is absent. Which of the states it is, VEX tells (`_ubuntu_vex`). Copies that were made from
the tracker itself keep its words in `ecosystem_specific.status`: they are read where they stand.

A record UBUNTU-CVE-… is the vulnerability, and the notices (USN) that brought its fixes are its aliases. The
records of notices repeat the fixes, also those that proved insufficient, and are left out.

`Ubuntu:Pro:…` are the builds that Ubuntu Pro (ESM) has for a release. A fix that only they have is one for
that release, with the remark that it needs Ubuntu Pro; a host that has it has a higher version. What is
followed for Pro alone affects the release too. Builds for FIPS, realtime and network cards are left out: they
are other ones.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from careen.feeds import _ubuntu_releases, _ubuntu_vex
from careen.feeds._events import ranges_of
from careen.feeds._fields import (
    InvalidRecord,
    Record,
    decoded,
    identifier,
    problem,
    record,
    records,
    sequence,
    summary,
    text,
)
from careen.feeds._scores import scores
from careen.feeds._tar import files
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import dpkg
from careen.versions.invalid import InvalidVersion

NAME = "ubuntu"
OSV = "https://security-metadata.canonical.com/osv/osv-all.tar.xz"
VEX = "https://security-metadata.canonical.com/vex/vex-all.tar.xz"

_LIMIT = 64 << 30  # bytes of all records, inflated; with their lists of binaries about 10 GB in 2026
_LARGEST_RECORD = 32 << 20  # bytes
_VULNERABILITY = "UBUNTU-"  # begins the ids that are not those of notices
_PAGE = "https://ubuntu.com/security/"
_ECOSYSTEM = re.compile(r"Ubuntu:(Pro:)?([0-9]{2}\.[0-9]{2})(?::LTS)?")
_REJECTED = re.compile(r"\s*(?:\*\* REJECT \*\*|Rejected reason:)", re.IGNORECASE)
_ENDED = re.compile(r"(?:end|out) of ")  # begins the note of what is ignored since its release has ended
_STATUSES = {"needs-triage": "under_investigation", "deferred": "deferred"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a record says of a package in one release, or in Ubuntu Pro's builds for it."""

    release: str  # "22.04"
    pocket: str  # of Ubuntu Pro: "esm-infra"; "" = the release's own archive
    package: str
    ranges: tuple[Range, ...]
    severity: str
    status: str

    @property
    def is_fixed(self) -> bool:
        return self.status != "pending" and any(each.fixed for each in self.ranges)

    def affected(self, remark: str = "") -> Affected:
        return Affected(
            ecosystem=_ubuntu_releases.name(self.release),
            package=self.package,
            ranges=self.ranges,
            by_source=True,
            severity=self.severity,
            status=self.status,
            remark=remark,
        )


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((OSV, VEX), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:
    """Releases are declared by the OSV records alone: without these, what VEX says would be half of it."""
    if name == VEX:
        yield from _ubuntu_vex.parse(document)
        return
    declared: set[str] = set()
    for member, content in files(document, limit=_LIMIT, largest=_LARGEST_RECORD):
        try:
            osv = record(decoded(content), "the record")
            if not identifier(osv.get("id"), "the id").startswith(_VULNERABILITY):
                continue
            entries = list(_entries(osv))
            advisory = _advisory(osv, entries)
        except InvalidRecord as error:
            yield problem(member, error.message)
            continue
        releases = {entry.release for entry in entries}
        yield from (_ubuntu_releases.ecosystem(release) for release in sorted(releases - declared))
        declared |= releases
        yield advisory


def _advisory(osv: Record, entries: Sequence[_Entry]) -> Advisory:
    id_ = identifier(osv.get("id"), "the id")
    vulnerability = id_.removeprefix(_VULNERABILITY)
    groups: defaultdict[tuple[str, str], list[_Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.release, entry.package].append(entry)
    details = text(osv, "details")
    modified = text(osv, "modified")
    named = [*sequence(osv, "aliases"), *sequence(osv, "related")]
    aliases = [id_, *(identifier(each, "an alias") for each in named)]
    return Advisory(
        id=vulnerability,
        affected=tuple(each for group in groups.values() for each in _affected(group)),
        aliases=tuple(each for each in dict.fromkeys(aliases) if each != vulnerability),
        scores=tuple(scores(osv, "Ubuntu")),
        link=_PAGE + vulnerability,
        summary=summary(details),
        published=text(osv, "published"),
        modified=modified,
        withdrawn=text(osv, "withdrawn") or (modified if _REJECTED.match(details) else ""),
    )


def _affected(group: Sequence[_Entry]) -> Iterator[Affected]:
    """What holds for one package in the release itself."""
    own = [entry for entry in group if not entry.pocket]
    paid = [entry for entry in group if entry.pocket and entry.is_fixed]
    if paid and not any(entry.is_fixed for entry in own):
        yield from (each.affected(f"the fix needs Ubuntu Pro ({each.pocket})") for each in paid)
    elif own:
        yield from (entry.affected() for entry in own)
    else:
        yield from (each.affected(f"followed for Ubuntu Pro only ({each.pocket})") for each in group)


def _entries(osv: Record) -> Iterator[_Entry]:
    severity = _word(osv)
    for affected in records(osv, "affected"):
        package = record(affected.get("package"), "'package'")
        ecosystem = _ECOSYSTEM.fullmatch(text(package, "ecosystem"))
        if not ecosystem:
            continue
        told = record(affected.get("ecosystem_specific") or {}, "'ecosystem_specific'")
        status, ranges = _state(told, tuple(ranges_of(affected, dpkg.key)))
        yield _Entry(
            release=ecosystem[2],
            pocket=_pocket(text(package, "purl")) if ecosystem[1] else "",
            package=identifier(package.get("name"), "the package's name"),
            ranges=ranges,
            severity=text(told, "priority") or _word(affected) or text(told, "ubuntu_priority") or severity,
            status=status,
        )


def _state(told: Record, ranges: tuple[Range, ...]) -> tuple[str, tuple[Range, ...]]:
    """Status and ranges; what is pending has its version in the note."""
    status, note = text(told, "status"), text(told, "status_note")
    if status == "ignored":
        return ("end_of_life" if _ENDED.match(note) else "will_not_fix"), ranges
    if status == "pending" and _is_version(note):
        return status, tuple(each if each.fixed else Range(each.introduced, note) for each in ranges)
    return _STATUSES.get(status, "affected"), ranges


def _is_version(text: str) -> bool:
    try:
        return bool(dpkg.key(text))
    except InvalidVersion:
        return False


def _pocket(purl: str) -> str:
    """`esm-infra` of `…&distro=esm-infra/jammy`; that of trusty is also written `trusty/esm`."""
    first, _, last = purl.partition("distro=")[2].partition("&")[0].partition("/")
    return "esm-infra" if last == "esm" or not first else first


def _word(osv: Record) -> str:
    """Ubuntu's priority."""
    words = [text(each, "score") for each in records(osv, "severity") if text(each, "type") == "Ubuntu"]
    return words[0] if words else ""

"""Debian's security tracker (security-team.debian.org/security_tracker.html): what it says of each release.

A release of a source package is
    resolved        with the version that fixes it; "0" says that it was never affected
    open            affected, and without a fix; `nodsa_reason` may say why none comes
    undetermined    not known: no statement

A fixed version above all that the archive holds (`repositories`) is a fix to come: the status is "pending".
So is one that sid has and testing waits for; images of sid are named as those of testing. An open entry
without an advisory of its own (`nodsa`), whose archive is past the version that fixes sid, is not affected:
the note speaks of an older version.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO
from urllib.parse import quote

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, summary, text
from careen.feeds._json import Reader
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import dpkg
from careen.versions.invalid import InvalidVersion

NAME = "debian"
URL = "https://security-tracker.debian.org/tracker/data/json"

_LIMIT = 1 << 30  # bytes; 70 MB in 2026
_TRACKER = "https://security-tracker.debian.org/tracker/"

# Number and end of long term support (wiki.debian.org/LTS); testing has its number, but no end yet.
_RELEASES = {
    "squeeze": ("6", "2016-02-29"),
    "wheezy": ("7", "2018-05-31"),
    "jessie": ("8", "2020-06-30"),
    "stretch": ("9", "2022-06-30"),
    "buster": ("10", "2024-06-30"),
    "bullseye": ("11", "2026-08-31"),
    "bookworm": ("12", "2028-06-30"),
    "trixie": ("13", "2030-06-30"),
    "forky": ("14", ""),
    "duke": ("15", ""),
}
_ALIASES = {"sid": "unstable"}

_WITHOUT_FIX = {"ignored": "will_not_fix", "postponed": "deferred"}  # by nodsa_reason
_NO_WORD = frozenset({"not yet assigned", "end-of-life"})  # urgencies that are no severity


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch((URL,), seen)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG001 - one document only
    """Each release is declared where it is first spoken of, so that none is covered by an empty promise."""
    reader = Reader(document, limit=_LIMIT)
    declared: set[str] = set()
    for source in reader.members():
        for id_ in reader.members():
            try:
                entry = record(reader.value(), "the entry")
                releases = _releases(entry)
            except InvalidRecord as error:
                yield problem(f"{source} {id_}", error.message)
                continue
            yield from (_ecosystem(release) for release in sorted(releases.keys() - declared))
            declared |= releases.keys()
            yield from _advisory(source, id_, entry, releases)
    reader.end()


def _ecosystem(release: str) -> Ecosystem:
    number, end_of_life = _RELEASES.get(release, (release, ""))
    other = release if number != release else _ALIASES.get(release)
    return Ecosystem(f"Debian:{number}", dpkg.NAME, (f"Debian:{other}",) if other else (), end_of_life)


def _releases(entry: Record) -> Mapping[str, Record]:
    """The tracker writes `[]` where there is no release at all."""
    releases = entry.get("releases") or {}
    return {
        identifier(release, "a release"): record(said, f"what it says of {release!r}")
        for release, said in record(releases, "'releases'").items()
    }


def _advisory(
    source: str, id_: str, entry: Record, releases: Mapping[str, Record]
) -> Iterator[Advisory | Problem]:
    """One release that cannot be read does not hide the others."""
    affected = []
    for release, said in sorted(releases.items()):
        try:
            found = _affected(identifier(source, "the source"), release, said, releases.get("sid", {}))
        except InvalidRecord as error:
            yield problem(f"{source} {id_} {release}", error.message)
        else:
            affected += [found] if found else []
    if affected:
        link = _TRACKER + quote(id_)
        yield Advisory(id_, tuple(affected), link=link, summary=summary(entry.get("description")))


def _affected(source: str, release: str, said: Record, sid: Record) -> Affected | None:
    fixed = text(said, "fixed_version")
    match text(said, "status"):
        case "undetermined":
            return None
        case "resolved" | "open" if fixed == "0":
            return None
        case "open" if _is_past_the_fix(said, sid):
            return None
        case "open":
            fixed = fixed or _on_its_way(release, said, sid)
        case "resolved" if fixed:
            pass
        case status:
            raise InvalidRecord(f"the status {status!r} with the fixed version {fixed!r}")
    return Affected(
        ecosystem=_ecosystem(release).name,
        package=source,
        ranges=(Range(fixed=identifier(fixed, "the fixed version") if fixed else ""),),
        by_source=True,
        severity=_severity(text(said, "urgency")),
        status=_status(said, fixed),
    )


def _severity(urgency: str) -> str:
    """The stars refer to a footnote of the tracker's pages."""
    word = urgency.rstrip("*")
    return "" if word in _NO_WORD else word


def _status(said: Record, fixed: str) -> str:
    if fixed:
        return "pending" if _is_to_come(fixed, said) else "affected"
    if text(said, "urgency") == "end-of-life":
        return "end_of_life"
    return _WITHOUT_FIX.get(text(said, "nodsa_reason"), "affected")


def _on_its_way(release: str, said: Record, sid: Record) -> str:
    """The version that brings testing its fix: packages come there from sid as they are."""
    is_testing = release in _RELEASES and not _RELEASES[release][1]
    if not is_testing or _status(said, "") != "affected" or text(sid, "status") != "resolved":
        return ""
    fixed = text(sid, "fixed_version")
    return fixed if fixed != "0" and _is_to_come(fixed, said) else ""


def _is_to_come(fixed: str, said: Record) -> bool:
    archive, fix = _archive(said), _key(fixed)
    return archive is not None and fix is not None and archive < fix


def _is_past_the_fix(said: Record, sid: Record) -> bool:
    if "nodsa" not in said or text(sid, "status") != "resolved" or text(sid, "fixed_version") == "0":
        return False
    archive, fix = _archive(said), _key(text(sid, "fixed_version"))
    return archive is not None and fix is not None and archive >= fix


def _archive(said: Record) -> bytes | None:
    """The key of the newest version in the release's archive; None where the tracker does not say it."""
    repositories = record(said.get("repositories") or {}, "'repositories'")
    keys = [_key(text(repositories, suite)) for suite in repositories]
    return max((key for key in keys if key is not None), default=None)


@lru_cache(10_000)  # a source package names the versions in its archive with every CVE
def _key(version: str) -> bytes | None:
    """None for what is no version; the snapshot's builder reports those of ranges."""
    try:
        return dpkg.key(version)
    except InvalidVersion:
        return None

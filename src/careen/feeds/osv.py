"""OSV's exports (ossf.github.io/osv-schema, version 1.7): all records of one ecosystem in a zip archive.

A record's page on osv.dev is its link: it exists for every id, and shows all references there are.
`related` and `upstream` are no aliases, save of errata. GIT ranges are about commits, not about packages.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO
from urllib.parse import quote

from careen.errors import Error
from careen.feeds import _errata, _go_imports
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
from careen.feeds._osv_ends import ENDS
from careen.feeds._paths import leads_out
from careen.feeds._scores import scores
from careen.feeds.document import Cursor, Failure, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem
from careen.model.problem import Problem
from careen.versions import (
    bitnami,
    composer,
    cran,
    gem,
    golang,
    hackage,
    maven,
    npm,
    nuget,
    pep440,
    pub,
    rpm,
    semver,
)

_BUCKET = "https://osv-vulnerabilities.storage.googleapis.com"

_MOST_RECORDS = 1_000_000  # npm, the largest, has a quarter of that
_LARGEST_RECORD = 16 << 20  # bytes
_LARGEST_ARCHIVE = 8 << 30  # bytes, inflated
_HIGHEST_RATIO = 200  # of a record that is no small one
_SMALL_RECORD = 1 << 20  # bytes
_REMARKS = ("unmaintained", "notice")  # github.com/rustsec/advisory-db, README.md: `informational`
_ARCH = re.compile(r"[?&]arch=([A-Za-z0-9_]+)")
_NOT_MACHINES = frozenset({"src", "source", "noarch"})
_LAST_KNOWN = "last_known_affected_version_range"  # github.com/github/advisory-database
_MOST_VERSIONS = 100_000  # that one record lists for a package


def _itself(osv: Record, advisory: Advisory) -> Iterable[Advisory]:  # noqa: ARG001 - as Language.advisories
    return (advisory,)


def _whole(said: Record, affected: Affected) -> Affected:  # noqa: ARG001 - as Language.narrow
    return affected


def _flaws(osv: Record, advisory: Advisory) -> Iterable[Advisory]:
    """RustSec also says that a crate is unmaintained, which is no vulnerability unless a CVE calls it one."""
    told = [record(each.get("database_specific") or {}, "a detail") for each in records(osv, "affected")]
    is_remark = any(each.get("informational") in _REMARKS for each in told)
    is_cve = any(alias.startswith("CVE-") for alias in advisory.aliases)
    return () if is_remark and not is_cve else (advisory,)


def _derived(osv: Record, advisory: Advisory) -> Iterable[Advisory]:
    """Packages of R and Julia bring libraries along; `upstream` names the flaws that they have from these."""
    named = [identifier(each, "a flaw") for each in sequence(osv, "upstream")]
    flaws = [each for each in named if each.startswith("CVE-")]
    if not flaws or any(alias.startswith("CVE-") for alias in advisory.aliases):
        return (advisory,)
    return [replace(advisory, id=each, aliases=(advisory.id, *advisory.aliases)) for each in flaws]


@dataclass(frozen=True, slots=True)
class Language:
    """What is peculiar to an ecosystem."""

    scheme: str
    key: Callable[[str], bytes]
    normalise: Callable[[str], str]
    advisories: Callable[[Record, Advisory], Iterable[Advisory]] = _itself  # that a record stands for
    narrow: Callable[[Record, Affected], Affected] = _whole  # by what else the record says of a package
    by_source: bool = False  # whether packages are named by their sources
    by_release: bool = False  # whether one export has all releases, each an ecosystem of its own


def _pep503(name: str) -> str:
    """peps.python.org/pep-0503, "Normalized Names"."""
    return re.sub(r"[-_.]+", "-", name).lower()


_ALMALINUX = Language(rpm.NAME, rpm.key, str, _errata.vulnerabilities)

_ROCKY = Language(rpm.NAME, rpm.key, str, _errata.vulnerabilities, by_source=True)

_RPMS = replace(_ROCKY, by_release=True)

_LANGUAGES: Mapping[str, Language] = {
    **dict.fromkeys(("AlmaLinux:8", "AlmaLinux:9", "AlmaLinux:10"), _ALMALINUX),
    **dict.fromkeys(("Rocky Linux:8", "Rocky Linux:9", "Rocky Linux:10"), _ROCKY),
    "Bitnami": Language(bitnami.NAME, bitnami.key, str),
    "CRAN": Language(cran.NAME, cran.key, str, _derived),
    "Go": Language(golang.NAME, golang.key, str, narrow=_go_imports.narrowed),
    "Hackage": Language(hackage.NAME, hackage.key, str),
    "Hex": Language(semver.NAME, semver.key, str),  # hexdocs.pm/elixir/Version.html
    "Julia": Language(pub.NAME, pub.key, str, _derived),  # builds count, as Dart's do
    "Mageia": _RPMS,
    "Maven": Language(maven.NAME, maven.key, str),
    "NuGet": Language(nuget.NAME, nuget.key, str.lower),
    "Packagist": Language(composer.NAME, composer.key, str.lower),
    "Pub": Language(pub.NAME, pub.key, str),
    "PyPI": Language(pep440.NAME, pep440.key, _pep503),
    "RubyGems": Language(gem.NAME, gem.key, str),
    "SwiftURL": Language(semver.NAME, semver.key, str),
    "openEuler": _RPMS,
    "crates.io": Language(semver.NAME, semver.key, str, _flaws),
    "npm": Language(npm.NAME, npm.key, str),
}


class Feed:
    """The advisories of one ecosystem, which is also the feed's name."""

    def __init__(self, ecosystem: str, *, stand_in: str = "") -> None:
        """`stand_in` is where some of the records are to be had as well, while the export cannot be had."""
        self.NAME = ecosystem
        self._stand_in = stand_in
        self._language = _LANGUAGES[ecosystem]
        self._url = f"{_BUCKET}/{quote(ecosystem, safe=':')}/all.zip"

    def fetch(self, http: Http, seen: Cursor) -> Fetched | None:
        fetched = http.fetch((self._url,), seen)
        if not self._stand_in or fetched is None or not fetched.failures:
            return fetched
        known = seen.documents.get(self._url)
        try:
            document = http.get(
                self._stand_in, seen.folder, replace(known, etag="", last_modified="") if known else None
            )
        except Error:
            return fetched
        said = f"{fetched.failures[0].message}; {self._stand_in} stands in for it"
        documents = (replace(document, url=self._url, etag="", last_modified=""),) if document else ()
        return Fetched(documents, (Failure(self._url, said),))

    def parse(self, document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:  # noqa: ARG002 - one document only
        declared: set[str] = set()
        if not self._language.by_release:
            yield Ecosystem(self.NAME, self._language.scheme, end_of_life=ENDS.get(self.NAME, ""))
        try:
            with zipfile.ZipFile(document) as archive:
                for member in _members(archive):
                    for each in self._record(archive, member):
                        yield from self._releases(each, declared)
                        yield each
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise InvalidDocument(f"not a zip archive of records: {error}") from None

    def _releases(self, said: Advisory | Problem, declared: set[str]) -> Iterator[Ecosystem]:
        """Those that are named for the first time."""
        if self._language.by_release and isinstance(said, Advisory):
            named = {affected.ecosystem for affected in said.affected} - declared
            declared |= named
            for name in sorted(named):
                yield Ecosystem(name, self._language.scheme, end_of_life=ENDS.get(name, ""))

    def _record(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Advisory | Problem]:
        try:
            osv = record(_read(archive, member), "the record")
            advisory = self._advisory(osv)
            advisories = list(self._language.advisories(osv, advisory))
        except InvalidRecord as error:
            yield problem(member.filename, error.message)
            return
        yield from advisories
        for affected in advisory.affected if advisories else ():
            if not affected.ranges and not affected.versions and not advisory.withdrawn:
                yield problem(advisory.id, f"it names no version of {affected.package}")

    def _advisory(self, osv: Record) -> Advisory:
        id_ = identifier(osv.get("id"), "the id")
        return Advisory(
            id=id_,
            affected=tuple(self._affected(osv)),
            aliases=tuple(identifier(alias, "an alias") for alias in sequence(osv, "aliases")),
            scores=tuple(scores(osv, id_.partition("-")[0])),
            severity=text(record(osv.get("database_specific") or {}, "'database_specific'"), "severity"),
            link=f"https://osv.dev/vulnerability/{quote(id_)}",
            summary=summary(text(osv, "summary") or text(osv, "details")),
            published=text(osv, "published"),
            modified=text(osv, "modified"),
            withdrawn=text(osv, "withdrawn"),
        )

    def _affected(self, osv: Record) -> Iterator[Affected]:
        """Packages of other ecosystems come with the feeds of those."""
        for affected in records(osv, "affected"):
            package = record(affected.get("package") or {}, "'package'")
            ecosystem = text(package, "ecosystem")
            if self.NAME not in (ecosystem, ecosystem.partition(":")[0]):
                continue
            versions = sequence(affected, "versions")
            if len(versions) > _MOST_VERSIONS:
                raise InvalidRecord(f"{len(versions)} versions of one package")
            found = Affected(
                identifier(ecosystem, "an ecosystem") if self._language.by_release else self.NAME,
                self._language.normalise(identifier(package.get("name"), "the package's name")),
                tuple(ranges_of(affected, self._language.key)),
                tuple(dict.fromkeys(identifier(version, "a version") for version in versions)),
                by_source=self._language.by_source,
                arches=_arches(text(package, "purl")),
                remark=_hint(affected),
            )
            yield self._language.narrow(affected, found)


def _hint(affected: Record) -> str:
    """GitHub's own range, where it knows of no fix: OSV takes all later ones for affected, too."""
    bound = text(record(affected.get("database_specific") or {}, "a detail"), _LAST_KNOWN)
    events = [event for each in records(affected, "ranges") for event in records(each, "events")]
    if not bound or any("fixed" in event or "last_affected" in event for event in events):
        return ""
    return f"known to be affected: {bound[:100]}; no fix is known, and of later versions nothing"


def _arches(purl: str) -> tuple[str, ...]:
    """The machines that an rpm is built for, where its purl says so; none for its source."""
    match = _ARCH.search(purl) if purl.startswith("pkg:rpm/") else None
    return () if match is None or match[1] in _NOT_MACHINES else (match[1],)


def _members(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The records that can be read within bounds; raises InvalidDocument where the whole is out of bounds."""
    members = [member for member in archive.infolist() if _is_record(member.filename)]
    if not members:
        raise InvalidDocument("a zip archive without a single record")
    if len({member.filename for member in members}) < len(members):  # readers differ in which of two counts
        raise InvalidDocument("a zip archive with two files of one name")
    if any(leads_out(member.filename) for member in members):
        raise InvalidDocument("a zip archive with a path that leads out of it")
    if len(members) > _MOST_RECORDS or sum(member.file_size for member in members) > _LARGEST_ARCHIVE:
        raise InvalidDocument(f"a zip archive of {len(members)} records is out of all bounds")
    yield from members


def _is_record(name: str) -> bool:
    """Go's own archive has lists of its records as well (go.dev/security/vuln/database)."""
    return name.endswith(".json") and not name.startswith("index/")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> object:
    """zipfile reads no more than the size that the archive states for the member."""
    size, compressed = member.file_size, member.compress_size
    if size > _LARGEST_RECORD or size > max(_SMALL_RECORD, compressed * _HIGHEST_RATIO):
        raise InvalidRecord(f"{size} bytes, compressed to {compressed}")
    try:
        return decoded(archive.read(member))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidRecord(f"not to be read: {error}") from None

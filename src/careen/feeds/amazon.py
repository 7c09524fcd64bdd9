"""Amazon Linux' errata (alas.aws.amazon.com): the updateinfo.xml of its repositories.

A list of mirrors leads to the newest repository, whose URL is another one after each release; so the errata
are kept under the URL of the list. What the list and the repository's index name is asked for only at
Amazon's own hosts. The errata of x86_64 list the builds for aarch64 too.

Of Amazon Linux 2 this is the core repository. Its extras bring newer versions of what core has as well (php,
kernel, golang), and an rpm database does not say from which of them a package came: to compare core's
packages with them would call most of core vulnerable.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO
from urllib.parse import quote

from careen.errors import Error
from careen.feeds import _updateinfo
from careen.feeds._updateinfo import Update
from careen.feeds.document import Cursor, Document, Failure, Fetched, InvalidDocument, Unreachable
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem
from careen.model.problem import Problem
from careen.versions import rpm

NAME = "amazon"

_MOST_MIRRORS = 20
_LONGEST_LIST = 64 << 10  # bytes
_OF_SECURITY = re.compile(r"ALAS[A-Z0-9.]*-[0-9]{4}-[0-9]+")


@dataclass(frozen=True, slots=True)
class _Release:
    ecosystem: Ecosystem
    repository: re.Pattern[str]  # what the URL of a mirror looks like
    page: str


def _ecosystem(release: str, end_of_life: str, *others: str) -> Ecosystem:
    aliases = tuple(f"Amazon Linux:{each}" for each in others)
    return Ecosystem(f"Amazon Linux:{release}", rpm.NAME, aliases, end_of_life)


# Amazon Linux 1 rolled on from one VERSION_ID to the next, and its errata are those of all.
_FIRST = [f"{year}.{month}" for year in range(2011, 2018) for month in ("03", "09")]
_PATH = r"(?:/[A-Za-z0-9._-]+)+/?"
_CDN = re.compile(rf"https://cdn\.amazonlinux\.com{_PATH}")

# End of support: aws.amazon.com/amazon-linux-ami/faqs, aws.amazon.com/amazon-linux-2/faqs,
# docs.aws.amazon.com/linux/al2023/ug/release-cadence.html
_RELEASES = {
    "http://repo.us-west-2.amazonaws.com/2018.03/updates/x86_64/mirror.list": _Release(
        _ecosystem("2018.03", "2023-12-31", *_FIRST),
        re.compile(rf"http://packages\.[a-z0-9-]+\.amazonaws\.com{_PATH}"),
        "https://alas.aws.amazon.com/",
    ),
    "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list": _Release(
        _ecosystem("2", "2026-06-30"), _CDN, "https://alas.aws.amazon.com/AL2/"
    ),
    "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list": _Release(
        _ecosystem("2023", "2029-06-30"), _CDN, "https://alas.aws.amazon.com/AL2023/"
    ),
}


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    documents, failures = [], []
    for url, release in _RELEASES.items():
        try:
            document = _newest(http, url, release, seen)
        except Error as error:
            failures.append(Failure(url, error.message))
        else:
            documents += [document] if document else []
    return Fetched(tuple(documents), tuple(failures)) if documents or failures else None


def _newest(http: Http, url: str, release: _Release, seen: Cursor) -> Document | None:
    """From the first mirror that has it; None when it is still as `seen`."""
    reason: Error = Unreachable(f"{url} names no mirror of Amazon's")
    for mirror in _mirrors(_got(http, url, seen), release):
        try:
            return _errata(http, mirror, url, seen)
        except Error as error:
            reason = error
    raise reason


def _mirrors(document: Document, release: _Release) -> list[str]:
    with document.path.open("rb") as file:
        lines = file.read(_LONGEST_LIST).decode("ascii", errors="replace").split()
    allowed = [line.rstrip("/") for line in lines if release.repository.fullmatch(line) and ".." not in line]
    return allowed[:_MOST_MIRRORS]


def _errata(http: Http, mirror: str, url: str, seen: Cursor) -> Document | None:
    with _got(http, f"{mirror}/repodata/repomd.xml", seen).path.open("rb") as index:
        place = _updateinfo.place(index)
    known = seen.documents.get(url)
    if known and known.sha256 == place.sha256:
        return None
    document = _got(http, f"{mirror}/{place.path}", seen)
    if place.sha256 not in ("", document.sha256):
        raise Unreachable(f"{mirror}/{place.path} is not the file that its repository speaks of")
    if known and known.sha256 == document.sha256:
        return None
    return replace(document, url=url, etag="", last_modified="")


def _got(http: Http, url: str, seen: Cursor) -> Document:
    document = http.get(url, seen.folder)
    assert document  # None is only for what was seen
    return document


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:
    """`name` is the URL of the list of mirrors, which tells the release."""
    release = _RELEASES.get(name)
    if release is None:
        raise InvalidDocument(f"{name} is no list of Amazon Linux")
    yield from _updateinfo.advisories(document, release.ecosystem, partial(_advisories, release))


def _advisories(release: _Release, update: Update) -> Iterator[Advisory]:
    """One for each CVE; an erratum of security that names none is a vulnerability by itself."""
    affected = tuple(update.affected(release.ecosystem.name))
    is_of_security = update.kind == "security" or (not update.kind and _OF_SECURITY.fullmatch(update.id))
    for id_ in update.cves or ((update.id,) if is_of_security else ()):
        yield update.advisory(id_, affected, release.page + quote(_page(update.id)))


def _page(id_: str) -> str:
    """Of an erratum of core: `ALAS2023-2023-126` is at ALAS-2023-126.html."""
    return re.sub(r"^ALAS[0-9]+-", "ALAS-", id_) + ".html"

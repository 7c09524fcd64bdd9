"""Photon OS (packages.broadcom.com): metadata of CVEs, or OVAL definitions where those cannot be had.

The metadata goes first because it also says what is open or not affected. The definitions are errata (PHSA)
with the versions of all packages that are built. Either document is kept under the URL of the metadata, so
that the one takes the place of the other.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from careen.errors import Error
from careen.feeds._fields import InvalidRecord, problem, summary
from careen.feeds._oval import Metadata, builds, definitions, metadata
from careen.feeds._photon_cves import advisories, version
from careen.feeds._xml import Element
from careen.feeds.document import Cursor, Document, Failure, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import rpm

NAME = "photon"

_HOSTS = ("https://packages.broadcom.com/photon", "https://packages.vmware.com/photon")
_LIMIT = 256 << 20  # bytes, inflated; 6 MB in 2026

# End of support (blogs.vmware.com/vsphere/2022/01/photon-1-x-end-of-support-announcement.html); 3.0 and 4.0
# were prolonged with the products made from them (github.com/endoflife-date/endoflife.date/pull/9025).
_END_OF_LIFE = {
    "1.0": "2022-02-28",
    "2.0": "2022-12-31",
    "3.0": "2025-10-02",
    "4.0": "2027-10-11",
    "5.0": "",
}
_RELEASES = {
    f"{_HOSTS[0]}/photon_cve_metadata/cve_data_photon{release}.json": release for release in _END_OF_LIFE
}

_PHSA = re.compile(r"PHSA:[0-9]+:([0-9.]+):([0-9]+)")


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    """Of each release the metadata from the first host that has it, else the definitions."""
    documents, failures = [], []
    for url, release in _RELEASES.items():
        document, failure = _first(http, url, _sources(release), seen)
        documents += [document] if document else []
        failures += [failure] if failure else []
    return Fetched(tuple(documents), tuple(failures)) if documents or failures else None


def _sources(release: str) -> Iterator[str]:
    major = release.partition(".")[0]
    yield from (f"{host}/photon_cve_metadata/cve_data_photon{release}.json" for host in _HOSTS)
    yield from (f"{host}/photon_oval_definitions/com.vmware.phsa-photon{major}.xml.gz" for host in _HOSTS)


def _first(
    http: Http, url: str, sources: Iterable[str], seen: Cursor
) -> tuple[Document | None, Failure | None]:
    """A new document, and why it is not the best one; the marks of one source mean nothing to another."""
    missed = ""
    for source in sources:
        try:
            document = http.get(source, seen.folder, _known(seen.documents.get(url), at=source))
        except Error as error:
            missed = missed or error.message
            continue
        if document and source != url:
            document = replace(document, url=url, etag="", last_modified="")
        is_best = source.endswith(".json")
        return document, None if is_best else Failure(url, f"{missed}; definitions stand in for it")
    return None, Failure(url, missed)


def _known(document: Document | None, *, at: str) -> Document | None:
    if document is None or document.url == at:
        return document
    return replace(document, etag="", last_modified="")


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:
    """`name` is the URL of the metadata, which tells the release."""
    release = _RELEASES.get(name)
    if release is None:
        raise InvalidDocument(f"{name} is no document about Photon OS")
    ecosystem = Ecosystem(f"Photon OS:{release}", rpm.NAME, end_of_life=_END_OF_LIFE[release])
    start = document.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    document.seek(0)
    if start.startswith(b"["):
        yield ecosystem
        yield from advisories(document, ecosystem.name)
        return
    for number, definition in enumerate(definitions(document, limit=_LIMIT)):
        if number == 0:
            yield ecosystem
        try:
            yield from list(_erratum(definition, ecosystem.name))
        except InvalidRecord as error:
            yield problem(definition.attributes.get("id", f"definition {number}"), error.message)


def _erratum(definition: Element, ecosystem: str) -> Iterator[Advisory]:
    """An advisory for each CVE; all definitions are about security."""
    told = metadata(definition, "Photon")
    id_, link = _page(told)
    highest: dict[str, str] = {}
    for build in builds(definition):
        fixed = version(build.fixed)
        if build.name not in highest or rpm.key(highest[build.name]) < rpm.key(fixed):
            highest[build.name] = fixed
    affected = tuple(Affected(ecosystem, name, (Range(fixed=fixed),)) for name, fixed in highest.items())
    others = (id_,) if id_ else ()
    named = dict(told.cves) or {id_: ()}
    if "" in named:
        raise InvalidRecord("a definition that names neither a CVE nor an erratum")
    for name, scores in named.items():
        aliases = others if name != id_ else ()
        yield Advisory(name, affected, aliases, scores, told.severity, link, summary(told.title), told.issued)


def _page(told: Metadata) -> tuple[str, str]:
    """The erratum's id as its page has it, `PHSA-2019-3.0-0036`, and the page; some definitions name none."""
    for source, id_, url in told.references:
        number = _PHSA.fullmatch(id_)
        if source == "PHSA" and number and told.issued:
            page = url.replace("/Security-Updates-", "/Security-Update-")  # as the wiki has it
            return f"PHSA-{told.issued[:4]}-{number[1]}-{number[2]}", page if page.startswith(
                "https://"
            ) else ""
    return "", ""

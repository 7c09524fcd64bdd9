"""Red Hat's security data: a VEX document for each CVE, and which repository belongs to which product.

access.redhat.com/security/data, redhatproductsecurity.github.io/security-data-guidelines:

    csaf/v2/vex/archive_latest.txt         the name of the archive of all documents, csaf_vex_DATE.tar.zst
    csaf/v2/vex/changes.csv                "2024/cve-2024-0001.json","2024-11-02T10:12:13+00:00", newest first
    csaf/v2/vex/deletions.csv              the same of documents that are gone
    metrics/repository-to-cpe.json         {"data": {"rhel-9-for-x86_64-baseos-rpms": {"cpes": ["cpe:/o:…"]}}}

The archive is kept, cut down, under the address of `archive_latest.txt`, beside it the documents that changed
since its day, one by one. An advisory's `modified` tells which of two documents about a CVE is the newer one.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from careen.feeds import _csaf, _redhat_vex
from careen.feeds._csaf import Product, Tree
from careen.feeds._csaf_cut import Cut
from careen.feeds._fields import InvalidRecord, identifier, problem, record, sequence
from careen.feeds._json import Reader
from careen.feeds._redhat_builds import HUMMINGBIRD, RELEASES, build
from careen.feeds._redhat_changes import DELETIONS, LATEST, REPOSITORIES, Change, Changes, listed
from careen.feeds._tar import files
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem, Repository, Revision
from careen.model.problem import Problem
from careen.versions import rpm

NAME = "redhat"

_LIMIT = 64 << 30  # bytes of all documents, inflated
_LARGEST = 96 << 20  # bytes of a document; a flaw of Go's library is in thousands of images
_LARGEST_MAP = 64 << 20  # bytes
_OF_RPMS = (
    b"pkg:rpm/redhat/",
    b":enterprise_linux:",
)  # one of them is in every document that tells of packages
# End of full and maintenance support (access.redhat.com/support/policy/updates/errata).
_ENDS = {
    "4": "2012-02-29",
    "5": "2017-03-31",
    "6": "2020-11-30",
    "7": "2024-06-30",
    "8": "2029-05-31",
    "9": "2032-05-31",
    "10": "2035-05-31",
}
# Rebuilds under Red Hat's versions (wiki.centos.org/About/Product, scientificlinux.org).
_REBUILDS = {
    "CentOS:5": "2017-03-31",
    "CentOS:6": "2020-11-30",
    "CentOS:7": "2024-06-30",
    "CentOS:8": "2021-12-31",
    "Scientific Linux:6": "2020-11-30",
    "Scientific Linux:7": "2024-06-30",
}


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return Changes(http, seen, _CUT.of).fetch()


def _of_rpms(tree: Tree) -> set[str]:
    """Products that an rpm database may hold, and those of which a Problem tells."""
    return {id_ for id_ in tree.relations if _is_told_of(tree.chain(id_))}


def _is_told_of(chain: Sequence[Product]) -> bool:
    try:
        return build(chain) is not None
    except InvalidRecord:
        return True


_CUT = Cut(
    _of_rpms,
    head=("aggregate_severity", "title", "tracking"),
    limit=_LIMIT,
    largest=_LARGEST,
    marks=_OF_RPMS,
)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Revision | Repository | Problem]:
    """Releases are declared by the archive alone: without it, what has changed would be half of it."""
    if name == LATEST:
        yield from _ecosystems()
        yield from _archive(document)
    elif name == REPOSITORIES:
        yield from _repositories(document)
    elif name == DELETIONS:
        yield from map(_revision, listed(document))
    else:
        yield from _changed(document, name)


def _ecosystems() -> Iterator[Ecosystem]:
    for release in RELEASES:
        yield Ecosystem(f"Red Hat:enterprise_linux:{release}", rpm.NAME, end_of_life=_ENDS[release])
    yield Ecosystem(f"Red Hat:{HUMMINGBIRD}", rpm.NAME)
    for name, end in _REBUILDS.items():
        judge = f"Red Hat:enterprise_linux:{name.partition(':')[2]}"
        yield Ecosystem(name, rpm.NAME, end_of_life=end, judged_by=judge)


def _archive(document: BinaryIO) -> Iterator[Advisory | Problem]:
    for member, content in files(document, limit=_LIMIT, largest=_LARGEST):
        if not member.endswith(".json"):
            continue
        try:
            yield from _redhat_vex.advisories(_csaf.document(content))
        except InvalidRecord as error:
            yield problem(member, error.message)


def _changed(document: BinaryIO, name: str) -> Iterator[Advisory | Revision | Problem]:
    """Takes the place of what the archive says of the same CVE."""
    content = document.read(_LARGEST + 1)
    try:
        said = _csaf.document(content if len(content) <= _LARGEST else None)
        records = [Revision(*_redhat_vex.identity(said)), *_redhat_vex.advisories(said)]
    except InvalidRecord as error:
        raise InvalidDocument(f"{name}: {error.message}") from None
    yield from records


def _repositories(document: BinaryIO) -> Iterator[Repository | Problem]:
    """Those with their products; other members are about the document itself."""
    reader = Reader(document, limit=_LARGEST_MAP)
    for member in reader.members():
        if member != "data":
            reader.value()
            continue
        for id_ in reader.members():
            try:
                yield _repository(id_, reader.value())
            except InvalidRecord as error:
                yield problem(id_, error.message)
    reader.end()


def _repository(id_: str, said: object) -> Repository:
    cpes = sequence(record(said, "a repository"), "cpes")
    return Repository(
        identifier(id_, "a repository"), tuple(identifier(_stripped(cpe), "a CPE") for cpe in cpes)
    )


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _revision(change: Change) -> Revision:
    return Revision(change.cve, change.modified)

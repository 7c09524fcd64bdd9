"""Alpine's secdb (secdb.alpinelinux.org): which version of a source package fixes what, on one branch.

    {"packages": [{"pkg": {"name": "musl", "secfixes": {"1.1.23-r2": ["CVE-2019-14697"]}}}]}

It holds fixes only: of what is unfixed it says nothing. The version "0" says "never affected". An id under
several versions was fixed by halves first, so the highest counts; claircore and Grype come to the same by
reporting all that is below any of them.

An item may hold several ids: "CVE-2019-17349 CVE-2019-17350 XSA-295". Each CVE is an advisory of its own.
Another id is an alias of a CVE only if it stands beside no other CVE: an XSA often covers several.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from careen.errors import Error
from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, sequence
from careen.feeds._json import Reader
from careen.feeds.document import Cursor, Document, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import apk
from careen.versions.invalid import InvalidVersion

NAME = "alpine"

_SECDB = "https://secdb.alpinelinux.org"
_LINK = "https://security.alpinelinux.org/vuln/"
_LIMIT = 64 << 20  # bytes; 200 kB in 2026
_URL = re.compile(r"https://secdb\.alpinelinux\.org/(v3\.[0-9]{1,4}|edge)/(?:main|community)\.json")

# End of support (alpinelinux.org/releases).
_END_OF_LIFE = {
    3: "2017-11-01",
    4: "2018-05-01",
    5: "2018-11-01",
    6: "2019-05-01",
    7: "2019-11-01",
    8: "2020-05-01",
    9: "2020-11-01",
    10: "2021-05-01",
    11: "2021-11-01",
    12: "2022-05-01",
    13: "2022-11-01",
    14: "2023-05-01",
    15: "2023-11-01",
    16: "2024-05-23",
    17: "2024-11-22",
    18: "2025-05-09",
    19: "2025-11-01",
    20: "2026-04-01",
    21: "2026-11-01",
    22: "2027-05-01",
    23: "2027-11-01",
    24: "2028-06-01",
}
_BY_NAME = {f"v3.{minor}": day for minor, day in _END_OF_LIFE.items()}
_FURTHEST = 20  # releases that careen does not know yet: ten years

# As people write them: CVE-2019-17349, CVE_2019-2426, CVE 2025-48379; XSA-300, VSV00019, wnpa-sec-2017-21.
_CVE = re.compile(r"CVE[-_ ]([0-9]{4})[-_]([0-9]{4,})", re.IGNORECASE)
_OTHER = re.compile(r"[A-Za-z]\w*(?:-\w+)*", re.ASCII)
_LONGEST = 1000  # characters of an item


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    """All releases that careen or `seen` knows, and those after them as far as there are any."""
    urls = [*(url for release in (*_BY_NAME, "edge") for url in _urls(release)), *seen.documents]
    known = http.fetch(dict.fromkeys(urls), seen) or Fetched()
    newer = _newer(http, seen)
    rest = http.fetch((document.url.replace("main", "community") for document in newer), seen) or Fetched()
    fetched = Fetched((*known.documents, *newer, *rest.documents), known.failures + rest.failures)
    return fetched if fetched != Fetched() else None


def _urls(release: str) -> tuple[str, str]:
    return (f"{_SECDB}/{release}/main.json", f"{_SECDB}/{release}/community.json")


def _newer(http: Http, seen: Cursor) -> list[Document]:
    """The main repositories of releases that came out after careen."""
    found: list[Document] = []
    first = max(_END_OF_LIFE) + 1
    for minor in range(first, first + _FURTHEST):
        url, _ = _urls(f"v3.{minor}")
        if url in seen.documents:
            continue
        try:
            document = http.get(url, seen.folder)
        except Error:
            break  # there is none so far; a network that is down has shown with the known ones
        found += [document] if document else []
    return found


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:
    """`name` is the document's URL, which tells the release."""
    url = _URL.fullmatch(name)
    if not url:
        raise InvalidDocument(f"{name} is no document of Alpine's secdb")
    release = url[1]
    yield Ecosystem(f"Alpine:{release}", apk.NAME, end_of_life=_BY_NAME.get(release, ""))
    reader = Reader(document, limit=_LIMIT)
    content = record(reader.value(), "the document")
    reader.end()
    if "packages" not in content:
        raise InvalidDocument(f"{name} has no list of packages")
    for number, item in enumerate(sequence(content, "packages")):
        try:
            package = record(record(item, "an item").get("pkg"), "'pkg'")
            origin = identifier(package.get("name"), "the package's name")
            secfixes = record(package.get("secfixes") or {}, f"'secfixes' of {origin}")
        except InvalidRecord as error:
            yield problem(f"{release}, package {number}", error.message)
        else:
            yield from _package(release, origin, secfixes)


def _package(release: str, origin: str, secfixes: Record) -> Iterator[Advisory | Problem]:
    fixes: defaultdict[str, set[str]] = defaultdict(set)
    beside: defaultdict[str, set[str]] = defaultdict(set)  # id -> the advisories that it stands beside
    for version, item in _items(secfixes):
        try:
            ids, others = _ids(item)
            fixed = identifier(version, "a version")
        except InvalidRecord as error:
            yield problem(f"{release} {origin} {version}", error.message)
            continue
        for id_ in ids:
            fixes[id_].add(fixed)
        for other in others:
            beside[other].update(ids)
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    for other, names in sorted(beside.items()):
        if len(names) == 1:
            aliases[min(names)].append(other)
    for id_, versions in fixes.items():
        if versions != {"0"}:
            affected = Affected(f"Alpine:{release}", origin, _ranges(versions), by_source=True)
            yield Advisory(id_, (affected,), tuple(aliases[id_]), link=_LINK + quote(id_))


def _items(secfixes: Record) -> Iterator[tuple[str, object]]:
    """Each version with one item of its list; what is no list is given on as an item that cannot be read."""
    for version, items in secfixes.items():
        for item in items if isinstance(items, list) else [] if items is None else [items]:
            yield version, item


def _ids(item: object) -> tuple[list[str], list[str]]:
    """The ids that are advisories, and the other ones beside them; words without a digit are remarks."""
    if not isinstance(item, str) or len(item) > _LONGEST:
        raise InvalidRecord("an id is no text")
    cves = [f"CVE-{year}-{number}" for year, number in _CVE.findall(item)]
    others = [word for word in _OTHER.findall(_CVE.sub(" ", item)) if any(map(str.isdigit, word))]
    if not cves + others:
        raise InvalidRecord(f"no id in {item!r}")
    return (cves, others) if cves else (others[:1], others[1:])


def _ranges(versions: set[str]) -> tuple[Range, ...]:
    """Up to the highest; those that cannot be ordered besides, for the snapshot's builder to report."""
    keys: dict[str, bytes] = {}
    for version in sorted(versions - {"0"}):
        try:
            keys[version] = apk.key(version)
        except InvalidVersion:
            continue
    highest = max(keys, key=keys.__getitem__, default=None)
    unordered = sorted(versions - keys.keys() - {"0"})
    return tuple(Range(fixed=version) for version in ([highest] if highest else []) + unordered)

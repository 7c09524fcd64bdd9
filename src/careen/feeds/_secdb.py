"""secdb, the form in which distributions with apk say which version of a source package fixes what.

    {"packages": [{"pkg": {"name": "musl", "secfixes": {"1.1.23-r2": ["CVE-2019-14697"]}}}]}

It holds fixes only: of what is unfixed it says nothing. The version "0" says "never affected", and clears the
package of what others say. An id under several versions was fixed by halves first, so the highest counts;
claircore and Grype come to the same by reporting all that is below any of them.

An item may hold several ids: "CVE-2019-17349 CVE-2019-17350 XSA-295". Each CVE is an advisory of its own.
Another id is an alias of a CVE only if it stands beside no other CVE: an XSA often covers several.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO
from urllib.parse import quote

from careen.feeds._fields import InvalidRecord, Record, identifier, problem, record, sequence
from careen.feeds._json import Reader
from careen.feeds.document import InvalidDocument
from careen.model.advisory import Advisory, Affected, Range
from careen.model.problem import Problem
from careen.versions import apk
from careen.versions.invalid import InvalidVersion

_LIMIT = 64 << 20  # bytes; Alpine's have 200 kB, Chainguard's 20 MB

# As people write them: CVE-2019-17349, CVE_2019-2426, CVE 2025-48379; XSA-300, VSV00019, wnpa-sec-2017-21.
_CVE = re.compile(r"CVE[-_ ]([0-9]{4})[-_]([0-9]{4,})", re.IGNORECASE)
_OTHER = re.compile(r"[A-Za-z]\w*(?:-\w+)*", re.ASCII)
_LONGEST = 1000  # characters of an item


def advisories(document: BinaryIO, ecosystem: str, pages: str) -> Iterator[Advisory | Problem]:
    """All that the document says of `ecosystem`; `pages` begins the address of an advisory's page."""
    reader = Reader(document, limit=_LIMIT)
    content = record(reader.value(), "the document")
    reader.end()
    if "packages" not in content:
        raise InvalidDocument(f"a secdb of {ecosystem} without a list of packages")
    for number, item in enumerate(sequence(content, "packages")):
        try:
            package = record(record(item, "an item").get("pkg"), "'pkg'")
            origin = identifier(package.get("name"), "the package's name")
            secfixes = record(package.get("secfixes") or {}, f"'secfixes' of {origin}")
        except InvalidRecord as error:
            yield problem(f"{ecosystem}, package {number}", error.message)
        else:
            yield from _package(ecosystem, origin, secfixes, pages)


def _package(ecosystem: str, origin: str, secfixes: Record, pages: str) -> Iterator[Advisory | Problem]:
    fixes: defaultdict[str, set[str]] = defaultdict(set)
    beside: defaultdict[str, set[str]] = defaultdict(set)  # id -> the advisories that it stands beside
    for version, item in _items(secfixes):
        try:
            ids, others = _ids(item)
            fixed = identifier(version, "a version")
        except InvalidRecord as error:
            yield problem(f"{ecosystem} {origin} {version}", error.message)
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
        affected = Affected(ecosystem, origin, _ranges(versions), by_source=True)
        if versions == {"0"}:
            affected = replace(affected, ranges=(Range(),), status="not_affected")
        yield Advisory(id_, (affected,), tuple(aliases[id_]), link=pages + quote(id_))


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

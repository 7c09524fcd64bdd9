"""A document that was damaged or forged never takes the place of a good one, and never ends the update.

Every document in testdata is published and then mutated, all of them in the same way at once.
"""

import bz2
import functools
import gzip
import io
import json
import lzma
import re
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import zstandard

from careen.feeds import UPSTREAMS, Upstream
from careen.feeds.document import Cursor, Fetched
from careen.feeds.http import Http
from careen.jobs import feeds
from careen.jobs.feed_status import Report
from careen.model.advisory import Advisory, Ecosystem, Repository, Revision
from careen.model.problem import Problem
from careen.model.vulnerability import Enrichment

TESTDATA = Path(__file__).parent / "testdata"
# Not of what is malformed as it is, nor of lists of lines, in which nothing tells where they should end.
CASES = [path for path in sorted(TESTDATA.glob("*/*")) if path.name not in ("malformed", "deletions")]
TODAY = date(2026, 11, 22)
BOMB = b" " * (80 << 20)

Said = Ecosystem | Advisory | Repository | Revision | Enrichment | Problem
Mutate = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Case:
    """A feed that publishes one document of testdata; all else of it is real."""

    folder: Path
    feed: Upstream

    @property
    def NAME(self) -> str:  # noqa: N802 - a feed's
        return f"{self.folder.parent.name}-{self.folder.name}"

    @property
    def url(self) -> str:
        return f"https://upstream.example/{self.NAME}"

    def fetch(self, http: Http, seen: Cursor) -> Fetched | None:
        return http.fetch((self.url,), seen)

    def parse(self, document: BinaryIO, name: str) -> Iterable[Said]:
        path = self.folder / "url"
        return self.feed.parse(document, path.read_text().strip() if path.exists() else "https://x.example/x")


BY_NAME = {feed.NAME: feed for feed in UPSTREAMS}
PUBLISHED = [Case(folder, BY_NAME[folder.parent.name]) for folder in CASES]


class Place:
    def __init__(self, folder: Path, documents: dict[str, bytes]) -> None:
        self.folder = folder
        self.documents = documents
        self.mirror = folder / "mirror" / "upstream.example"
        self.mirror.mkdir(parents=True)

    def publish(self, mutate: Mutate) -> set[str]:
        """The names of those that are changed by it."""
        changed = set()
        for name, data in self.documents.items():
            mutated = mutate(data)
            changed |= {name} if mutated != data else set()
            (self.mirror / name).write_bytes(mutated)
        return changed

    def update(self) -> Report:
        with Http(str(self.mirror.parent)) as http:
            kept, snapshots = self.folder / "kept", self.folder / "snapshots"
            return feeds.update(cast("list[Upstream]", PUBLISHED), http, kept, snapshots, today=TODAY)


@pytest.fixture
def place(tmp_path: Path, document_of: Callable[[Path], io.BytesIO]) -> Place:
    documents = {case.NAME: document_of(case.folder).getvalue() for case in PUBLISHED}
    return Place(tmp_path, documents)


def each_file(data: bytes, change: Mutate) -> bytes:
    """The document with `change` made in every file of an archive, and within its compression."""
    if data[:2] == b"PK":
        return zipped({name: change(content) for name, content in unzipped(data).items()})
    if data[:2] == b"\x1f\x8b":
        return gzip.compress(each_file(gzip.decompress(data), change))
    if data[:6] == b"\xfd7zXZ\0":
        return tarred(data, change, "xz")
    if data[:4] == b"\x28\xb5\x2f\xfd":
        whole = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
        return zstandard.compress(tarred(whole, change, "") if whole[257:262] == b"ustar" else change(whole))
    return change(data)


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(data: bytes, change: Mutate, kind: str, rename: Callable[[str], str] = str) -> bytes:
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as old,
        tarfile.open(fileobj=buffer, mode=f"w:{kind}") as new,  # type: ignore[call-overload]  # built at run time
    ):
        for member in old:
            content = change(old.extractfile(member).read()) if member.isfile() else b""  # type: ignore[union-attr]
            member.name, member.size = rename(member.name), len(content)
            new.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def in_texts(begins: bytes, change: Callable[[str], str]) -> Mutate:
    """Changes the files that begin so; a document that has none is left as it is."""

    def in_document(data: bytes) -> bytes:
        met = []

        def in_file(content: bytes) -> bytes:
            if not content.lstrip().startswith(begins):
                return content
            met.append(content)
            return change(content.decode()).encode()

        changed = each_file(data, in_file)
        return changed if met else data

    return in_document


in_json = functools.partial(in_texts, b"{")
in_xml = functools.partial(in_texts, b"<")


def other_types(text: str) -> str:
    def other(value: object) -> object:
        if isinstance(value, dict):
            return {name: other(each) for name, each in value.items()}
        return [17] if isinstance(value, str) else "x" if isinstance(value, list) else {"x": None}

    return json.dumps(other(json.loads(text)))


def member(said: str) -> Callable[[str], str]:
    """That member before all others of the outermost object."""
    return lambda text: text.replace("{", "{" + said + ",", 1)


def twice(text: str) -> str:
    name, value = next(iter(json.loads(text).items()))
    return member(f"{json.dumps(name)}: {json.dumps(value)}")(text)


def renamed(data: bytes) -> bytes:
    if data[:2] == b"PK":
        return zipped({f"../../etc/{name}": content for name, content in unzipped(data).items()})
    if data[:6] == b"\xfd7zXZ\0":
        return tarred(data, bytes, "xz", lambda name: f"../../{name}")
    return data


def each_twice(data: bytes) -> bytes:
    """Of two members of one name readers take the first, the last or both."""
    if data[:2] != b"PK":
        return data
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for name, content in [*unzipped(data).items()] * 2:
            archive.writestr(name, content)
    return buffer.getvalue()


def encrypted(data: bytes) -> bytes:
    """Says so of each member (APPNOTE.TXT, 4.4.4)."""
    changed = bytearray(data if data[:2] == b"PK" else b"")
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        for found in re.finditer(re.escape(signature), bytes(changed)):
            changed[found.start() + flags] |= 1
    return bytes(changed) or data


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
DEEP = "[" * 100_000 + "]" * 100_000


def before_root(said: str) -> Callable[[str], str]:
    return lambda text: text[: text.index(">") + 1] + said + text[text.index(">") + 1 :]


def constant(data: bytes) -> Mutate:
    return lambda _: data


MUTATIONS: dict[str, Mutate] = {
    "emptied": constant(b""),
    "a page that says sorry": constant(b"<!doctype html><html><body>503</body></html>"),
    "zeros": lambda data: bytes(len(data)),
    "cut in half": lambda data: data[: len(data) // 2],
    # In YAML's lists nothing tells where they should end.
    "cut at the end": lambda data: data if data.startswith(b"---") else data[:-12],
    "an empty object": lambda data: each_file(data, constant(b"{}")),
    "an empty list": lambda data: each_file(data, constant(b"[]")),
    "null": lambda data: each_file(data, constant(b"null")),
    "other types": in_json(other_types),
    "a name twice": in_json(twice),
    "no number": in_json(member('"x": NaN')),
    "a number of 10,000 digits": in_json(member(f'"x": {"9" * 10_000}')),
    "nested deeply": in_json(member(f'"x": {DEEP}')),
    "half a surrogate in every text": in_json(lambda text: re.sub(r'([:\[]\s*)"', r'\1"\\ud800', text)),
    "no UTF-8": lambda data: each_file(data, lambda text: b"\xff\xfe" + text),
    "entities in entities": in_xml(before_root(ENTITIES)),
    "an entity from outside": in_xml(before_root(OUTSIDE)),
    "elements in elements": in_xml(lambda text: text.replace("<", "<x>" * 10_000 + "<", 2)),
    "tags cut out": in_xml(lambda text: text.replace("</", "<", 5)),
    "paths that lead out": renamed,
    "each file twice": each_twice,
    "encrypted": encrypted,
    "a gzip bomb": constant(gzip.compress(b'{"vulnerabilities":[' + BOMB)),
    "a bzip2 bomb": constant(bz2.compress(b'{"vulnerabilities":[' + BOMB[: 8 << 20])),
    "an xz bomb": constant(lzma.compress(BOMB, preset=0)),
    "a zstd bomb": constant(zstandard.compress(BOMB)),
    "a zip bomb": constant(zipped({"a.json": b'{"id": "A-1", "details": "' + BOMB + b'"}'})),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_was_mutated_is_refused_and_the_good_one_stays(place: Place, name: str) -> None:
    place.publish(bytes)
    good = place.update()
    assert [(each.name, each.failures) for each in good.feeds if each.failures or not each.records] == []
    changed = place.publish(MUTATIONS[name])
    after = place.update()
    assert changed
    assert {each.name for each in after.feeds if each.refused} == changed
    assert not after.built
    assert after.snapshot == good.snapshot


def test_the_good_ones_come_back_as_soon_as_they_are_published_again(place: Place) -> None:
    place.publish(bytes)
    good = place.update()
    place.publish(MUTATIONS["cut in half"])
    place.update()
    place.publish(bytes)
    after = place.update()
    assert not [each.failures for each in after.feeds if each.failures]
    assert after.snapshot == good.snapshot

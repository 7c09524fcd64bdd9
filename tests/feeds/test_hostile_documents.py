"""A hostile document costs little, and ends in an error or in problems, never in a crash."""

import gzip
import io
import json
import random
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.errors import Invalid
from careen.feeds import UPSTREAMS, Upstream, debian, nvd, osv
from careen.feeds.document import InvalidDocument
from careen.model.problem import Problem

URL = "https://secdb.alpinelinux.org/v3.18/main.json"
NAMES = st.sampled_from(
    [
        *("packages", "pkg", "name", "secfixes", "releases", "status"),
        *("bookworm", "repositories", "fixed_version", "nodsa", "sid", "urgency"),
        *("vulnerabilities", "cve", "id", "metrics", "cvssMetricV31", "cvssData"),
        *("affected", "package", "ranges", "events", "severity", "ecosystem", "related", "summary"),
    ]
)
TEXTS = st.sampled_from(
    ["resolved", "open", "0", "1.0", "CVE-2024-0001", "ECOSYSTEM", "PyPI", "AlmaLinux:9", "", "\ud800"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=4),
    max_leaves=40,
)


def parse(feed: Upstream, document: bytes) -> list[object]:
    return list(feed.parse(io.BytesIO(document), URL))


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


def identity(data: bytes) -> bytes:
    return data


def as_member(data: bytes) -> bytes:
    return archive({"x.json": data})


def as_file(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as made:
        member = tarfile.TarInfo("UBUNTU-CVE-2024-0001.json")
        member.size = len(data)
        made.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


PACKING: dict[str, Callable[[bytes], bytes]] = {
    **{feed.NAME: as_member for feed in UPSTREAMS if isinstance(feed, osv.Feed)},
    "nvd": gzip.compress,
    "epss": gzip.compress,
    "ubuntu": as_file,
}


@pytest.mark.parametrize("feed", UPSTREAMS, ids=lambda feed: feed.NAME)
@given(value=VALUES)
def test_any_json_is_read_or_refused(feed: Upstream, value: object) -> None:
    document = PACKING.get(feed.NAME, identity)(json.dumps(value).encode())
    with suppress(Invalid):  # as the Protocol says: nothing else may come up
        parse(feed, document)


@pytest.mark.parametrize("feed", UPSTREAMS, ids=lambda feed: feed.NAME)
@given(data=st.binary())
def test_any_bytes_are_refused(feed: Upstream, data: bytes) -> None:
    with pytest.raises(Invalid):
        parse(feed, data)


@pytest.mark.parametrize("feed", UPSTREAMS, ids=lambda feed: feed.NAME)
def test_a_damaged_document_is_read_or_refused(feed: Upstream) -> None:
    good = PACKING.get(feed.NAME, identity)(json.dumps({"id": "A-1", "packages": [], "x": {}}).encode())
    chance = random.Random(1)  # the same damage at every run
    for _ in range(300):
        damaged = bytearray(good)
        damaged[chance.randrange(len(good))] = chance.randrange(256)
        try:
            parse(feed, bytes(damaged))
        except Invalid:
            continue


def test_a_compressed_document_that_breaks_off_is_refused() -> None:
    whole = gzip.compress(b'{"vulnerabilities": []}')
    with pytest.raises(InvalidDocument):
        parse(nvd, whole[:-9])


def test_ratings_that_a_server_has_inflated_on_the_way_are_read_as_well() -> None:
    cve = {"id": "CVE-2024-0001", "metrics": {}}
    assert parse(nvd, json.dumps({"vulnerabilities": [{"cve": cve}]}).encode()) == []


def test_a_record_that_inflates_without_measure_is_a_problem() -> None:
    bomb = json.dumps({"id": "A-1", "details": " " * (8 << 20)}).encode()
    assert [type(said) for said in parse(osv.Feed("PyPI"), as_member(bomb))][1:] == [Problem]


def test_a_record_that_understates_its_size_is_a_problem() -> None:
    data = bytearray(as_member(json.dumps({"id": "A-1", "details": "x" * 5000}).encode()))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    said = parse(osv.Feed("PyPI"), bytes(data))
    assert [type(each) for each in said][1:] == [Problem]


def test_an_archive_without_records_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="without a single record"):
        parse(osv.Feed("PyPI"), archive({"README": b"x"}))


def test_a_large_tracker_is_read_in_the_memory_of_one_piece() -> None:
    """A tenth of the real size: 7 MB with 6,000 CVEs of one source."""
    release = {"status": "open", "repositories": {"bookworm": "6.1.1-1"}, "urgency": "not yet assigned"}
    entry = {"description": "x" * 800, "releases": dict.fromkeys(["bookworm", "trixie", "sid"], release)}
    document = json.dumps({"linux": {f"CVE-2024-{n:05}": entry for n in range(6000)}}).encode()
    tracemalloc.start()
    count = sum(1 for _ in debian.parse(io.BytesIO(document), debian.URL))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 6000 + 3
    assert peak < len(document) * 1.5

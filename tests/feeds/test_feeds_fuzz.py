"""Every feed's parser against documents that nobody meant; longer by `make fuzz`."""

import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careen.errors import Error
from careen.feeds import UPSTREAMS, Upstream
from careen.feeds.osv import Feed as Osv
from careen.feeds.secdb import Feed as Secdb

LENGTHS = {"": 10, "long": 20_000}  # examples for each parser
FUZZ = settings(
    max_examples=LENGTHS[os.environ.get("HYPOTHESIS_PROFILE", "")],
    deadline=10_000,  # milliseconds
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
LARGEST = 1 << 20  # bytes of a document to begin with
CASES = sorted((Path(__file__).parent / "testdata").glob("*/*"))
BY_NAME = {feed.NAME: feed for feed in UPSTREAMS}
SEEDED = sorted({case.parent.name for case in CASES} & BY_NAME.keys())
WORDS = st.sampled_from(
    [
        b"null",
        b"[]",
        b"{}",
        b"-1",
        b"1e999",
        b'""',
        b"[" * 99,
        b"\xff",
        b"\\ud800",
        b"9" * 400,
        b"<",
        b"&x;",
        b"\0",
    ]
)
EDIT = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), WORDS)  # where, how much, what
EDITS = st.lists(EDIT, min_size=1, max_size=5)
Edits = list[tuple[float, int, bytes]]


def edited(data: bytes, edits: Edits) -> bytes:
    for where, length, word in edits:
        at = int(where * len(data))
        data = data[:at] + word + data[at + length :]
    return data


def parser(feed: Upstream) -> object:
    """Feeds that differ by their data alone share it."""
    return type(feed) if isinstance(feed, Osv | Secdb) else feed.NAME


def test_every_parser_has_a_document_to_begin_with() -> None:
    seeded = {parser(BY_NAME[name]) for name in SEEDED}
    assert [feed.NAME for feed in UPSTREAMS if parser(feed) not in seeded] == []


@pytest.mark.parametrize("name", SEEDED)
@FUZZ
@given(data=st.data(), edits=EDITS)
def test_documents_are_read_or_refused(
    name: str,
    data: st.DataObject,
    edits: Edits,
    document_of: Callable[[Path], io.BytesIO],
) -> None:
    case = data.draw(st.sampled_from([case for case in CASES if case.parent.name == name]))
    whole = document_of(case).getvalue()[:LARGEST]
    url = (case / "url").read_text().strip() if (case / "url").exists() else "https://x.example/x"
    with suppress(Error):
        for said in BY_NAME[name].parse(io.BytesIO(edited(whole, edits)), url):
            assert said is not None

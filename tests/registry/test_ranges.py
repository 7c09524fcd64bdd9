"""Ranges, against Python's slices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.registry import ranges
from careen.registry.errors import RangeUnsatisfiable

SIZES = st.integers(0, 50)


def asked(header: str, size: int) -> range | None:
    return ranges.asked({"range": header}, size, '"etag"')


@given(SIZES, SIZES, SIZES)
def test_first_and_last_are_a_slice(size: int, first: int, length: int) -> None:
    data = bytes(range(size))
    header = f"bytes={first}-{first + length}"
    if first >= size:
        with pytest.raises(RangeUnsatisfiable):
            asked(header, size)
    else:
        part = asked(header, size)
        assert part is not None
        assert data[part.start : part.stop] == data[first : first + length + 1]


@given(SIZES, st.integers(1, 60))
def test_a_suffix_is_the_end(size: int, length: int) -> None:
    data = bytes(range(size))
    if size == 0:
        with pytest.raises(RangeUnsatisfiable):
            asked(f"bytes=-{length}", size)
    else:
        part = asked(f"bytes=-{length}", size)
        assert part is not None
        assert data[part.start :] == data[-length:]


def test_a_first_byte_alone_means_up_to_the_end() -> None:
    assert asked("bytes=7-", 10) == range(7, 10)


@pytest.mark.parametrize(
    "header", ["", "bytes=", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=--1",
               "bytes=1", "bytes=" + "9" * 5000 + "-", "bytes=\u0661-2", "0-1"]
)  # fmt: skip
def test_what_is_no_single_range_of_bytes_is_ignored(header: str) -> None:
    assert asked(header, 10) is None


def test_the_last_zero_bytes_cannot_be_had() -> None:
    with pytest.raises(RangeUnsatisfiable) as caught:
        asked("bytes=-0", 10)
    assert caught.value.headers == {"Content-Range": "bytes */10"}


def test_a_range_of_another_entity_is_ignored() -> None:
    assert ranges.asked({"range": "bytes=0-1", "if-range": '"other"'}, 10, '"etag"') is None
    assert ranges.asked({"range": "bytes=0-1", "if-range": '"etag"'}, 10, '"etag"') == range(2)


@given(st.text(max_size=40))
def test_no_header_breaks_the_parsers(header: str) -> None:
    ranges.chunk(header)
    try:
        part = asked(header, 10)
    except RangeUnsatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= 10


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("0-0", range(1)),
        ("10-19", range(10, 20)),
        ("bytes 10-19/20", range(10, 20)),
        ("bytes=10-19", range(10, 20)),
        ("10-19/*", range(10, 20)),
    ],
)
def test_a_chunk_says_its_first_and_last_byte(header: str, part: range) -> None:
    assert ranges.chunk(header) == part


@pytest.mark.parametrize(
    "header",
    ["", "-", "5", "5-", "-5", "-1-5", "5-4", "bytes 0-4/", "lines 0-4", "0 - 4", "0x0-0x4", "9" * 30 + "-"],
)
def test_what_is_no_range_of_a_chunk_is_none(header: str) -> None:
    assert ranges.chunk(header) is None

"""Bytes are found in the pieces in which they lie."""

from hypothesis import example, given
from hypothesis import strategies as st

from careen.indexing._rope import Rope

OVERLAP = 8
PIECES = st.lists(st.binary(max_size=60), max_size=12)


@given(pieces=PIECES, size=st.integers(OVERLAP + 1, 100))
@example(pieces=[b"x" * 17_000, b"y", b"z" * 40_000], size=30_000)
@example(pieces=[b"xy"] * 20_000, size=30_000)  # more than is joined at once
def test_windows_are_the_whole_with_what_they_share(pieces: list[bytes], size: int) -> None:
    whole, end = b"".join(pieces), 0
    for window, is_last in Rope(pieces).windows(size, OVERLAP):
        start = max(0, end - OVERLAP)
        assert window == whole[start : start + len(window)]
        assert OVERLAP < len(window) <= size or is_last
        end = start + len(window)
        assert is_last == (end == len(whole))
    assert end == len(whole)


@given(pieces=PIECES, offset=st.integers(-5, 800), size=st.integers(-5, 800))
def test_any_part_is_read_as_of_the_whole(pieces: list[bytes], offset: int, size: int) -> None:
    expected = b"".join(pieces)[offset : offset + size] if offset >= 0 and size > 0 else b""
    assert Rope(pieces).read(offset, size) == expected
    assert Rope([b"".join(pieces)]).read(offset, size) == expected

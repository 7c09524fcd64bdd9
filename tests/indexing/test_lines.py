"""Lines from pieces, as they come from the whole."""

from hypothesis import given
from hypothesis import strategies as st

from careen.indexing._lines import ends_within_a_line, lines
from careen.model.file import File

WORDS = st.sampled_from([b"\n", b"a", "ж€".encode(), b"\xff", b"\xe2\x82", b"\r\n", b"", "\u2028".encode()])


@given(st.lists(st.lists(WORDS, max_size=5).map(b"".join), max_size=8))
def test_the_pieces_do_not_matter(pieces: list[bytes]) -> None:
    file = File("a", pieces=[memoryview(piece) for piece in pieces])
    text = b"".join(pieces).decode("utf-8", "replace")
    assert list(lines(file)) == text.split("\n")
    assert ends_within_a_line(file) == (text != "" and not text.endswith("\n"))


def test_a_line_beyond_all_honest_ones_is_cut() -> None:
    file = File("a", pieces=[b"a" * (1 << 20)] * 5 + [b"a\nb"])
    assert list(lines(file)) == ["a" * (1 << 20), "b"]

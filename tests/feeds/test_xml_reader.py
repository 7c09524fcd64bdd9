"""XML is read record by record; what is hostile, broken off or out of bounds is refused, and costs little."""

import bz2
import gzip
import io
import tracemalloc
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.feeds import _xml
from careen.feeds.document import InvalidDocument

LIMIT = 1 << 30
BILLION_LAUGHS = b"""<!DOCTYPE list [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><list><item>&c;</item></list>"""


class Endless:
    """A file that goes on and on: a beginning, and then one piece again and again."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.start = start
        self.piece = piece
        self.begun = False

    def tell(self) -> int:
        return 0

    def seek(self, offset: int) -> int:
        self.begun = bool(offset)
        return offset

    def read(self, size: int) -> bytes:
        if not self.begun:
            self.begun = True
            return self.start
        return self.piece * max(1, size // len(self.piece))


def read(document: bytes | BinaryIO, limit: int = LIMIT) -> Iterator[_xml.Element]:
    file = io.BytesIO(document) if isinstance(document, bytes) else document
    return _xml.records(file, "list", ("item",), limit=limit)


def test_a_record_is_the_outermost_element_of_its_name() -> None:
    document = b"<x:list xmlns:x='y'><b><x:item n='1'>a <i>b</i> c<item n='2'/></x:item></b><item/></x:list>"
    first, second = read(document)
    assert (first.name, first.attributes, first.text) == ("item", {"n": "1"}, "a  c")
    assert [child.name for child in first.children] == ["i", "item"]
    assert (first.first("i").text, first.first("nothing").text, first.all("item", "x")) == ("b", "", [])
    assert second.children == []


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
def test_records_are_read_from_compressed_documents(compress: Callable[[bytes], bytes]) -> None:
    assert [each.text for each in read(compress(b"<list><item>1</item></list>"))] == ["1"]


def test_xml_s_own_entities_and_characters_by_number_are_read() -> None:
    assert [each.text for each in read(b"<list><item>&lt;&amp;&#233;</item></list>")] == ["<&é"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (BILLION_LAUGHS, "document type declaration"),
        (b'<!DOCTYPE list SYSTEM "file:///etc/passwd"><list/>', "document type declaration"),
        (b'<!DOCTYPE list [<!ENTITY x SYSTEM "http://127.0.0.1/">]><list>&x;</list>', "type declaration"),
        (b"<list><item>&secret;</item></list>", "undefined entity"),
        (b"<list><item/></list", "unclosed token"),
        (b"<list><item/>", "no element found"),
        (b"<list/><list/>", "junk after document element"),
        (b"", "no element found"),
        (b"<list>\xff</list>", "not well-formed"),
        (b"<other><item/></other>", "'other', not of 'list'"),
        (b"<list>" + b"<a>" * 200, "nested too deeply"),
        (gzip.compress(b"<list><item/></list>", mtime=0)[:-9], "not the XML document"),
        (gzip.compress(b"<list><item/></list>", mtime=0)[:-8] + b"x" * 8, "not the XML document"),
        (bz2.compress(b"<list><item/></list>")[:-9], "not the XML document"),
        (b"BZh9 this is no bzip2", "not the XML document"),
        (b"\x1f\x8b this is no gzip", "not the XML document"),
    ],
)
def test_what_is_no_sound_xml_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(InvalidDocument, match=reason):
        list(read(document))


@given(st.binary())
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidDocument):
        list(read(data))


@pytest.mark.parametrize(
    ("start", "piece", "reason"),
    [
        (b"<list a='", b"x", "a tag or comment"),
        (b"<list><!--", b"x", "a tag or comment"),
        (b"<list><item>", b"x" * 100, "a record of more"),
        (b"<list><item>", b"<i/>", "a record of more"),
        (b"<list><item>", b"<i a='" + b"x" * 1000 + b"'/>", "a record of more"),
        (b"<list>", b"<item/>\n", "longer than any"),
        (b"<list>", b" " * 100, "longer than any"),
    ],
)
def test_what_has_no_end_is_refused_within_bounds(
    start: bytes, piece: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_xml, "_LARGEST_RECORD", 1 << 20)
    tracemalloc.start()
    with pytest.raises(InvalidDocument, match=reason):
        for _ in read(cast("BinaryIO", Endless(start, piece)), 2 << 20):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_a_small_file_that_inflates_without_measure_is_refused(compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(b"<list>" + b" " * (64 << 20) + b"</list>")
    assert len(bomb) < 1 << 17
    with pytest.raises(InvalidDocument, match="longer than any"):
        list(read(bomb, 32 << 20))
    assert list(read(bomb)) == []


def test_many_records_are_read_in_the_memory_of_one() -> None:
    document = b"<list>" + b"<item>" + b"<i a='b'>text</i>" * 100 + b"</item>"
    document += b"<item>" + (b"<i a='b'>text</i>" * 100 + b"</item><item>") * 500 + b"</item></list>"
    file = io.BytesIO(document)
    tracemalloc.start()
    count = sum(1 for _ in read(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 502
    assert peak < 4 << 20  # all of them at once take 20 MB

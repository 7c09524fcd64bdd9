"""XML documents (w3.org/TR/xml) of any size, read record by record in the memory of one record.

A document type declaration is refused, and with it every entity but XML's own five: none of the upstreams
has one. Names are taken without their namespace prefix.
"""

from collections.abc import Collection, Iterator
from typing import BinaryIO
from xml.parsers import expat

from careen.feeds._compressed import BROKEN, inflated
from careen.feeds.document import InvalidDocument

_CHUNK = 1 << 16  # bytes
_LONGEST_TOKEN = 1 << 20  # bytes of a tag with its attributes, or of a comment
_DEEPEST = 100  # elements in each other
_LARGEST_RECORD = 64 << 20  # characters, with _COST for each element
_COST = 100


class Element:
    """An element with all that is in it; text between its children is joined."""

    __slots__ = ("attributes", "children", "name", "pieces")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()

    def all(self, *path: str) -> list["Element"]:
        """Those that the names lead to, from this one down."""
        found = [self]
        for name in path:
            found = [child for element in found for child in element.children if child.name == name]
        return found

    def first(self, *path: str) -> "Element":
        """An empty element where there is none."""
        return next(iter(self.all(*path)), Element(path[-1], {}))


def records(document: BinaryIO, root: str, names: Collection[str], *, limit: int) -> Iterator[Element]:
    """Every outermost element that has one of `names`, as soon as it is closed.

    `document` may be compressed with gzip or bzip2. Raises InvalidDocument, perhaps in the midst, for what is
    no XML below an element `root`, breaks off, is nested too deeply, or has more than `limit` bytes inflated.
    """
    builder = _Builder(root, names)
    source = inflated(document)
    try:
        while chunk := source.read(_CHUNK):
            limit -= len(chunk)
            if limit < 0:
                raise InvalidDocument("an XML document that is longer than any of its kind")
            yield from builder.feed(chunk)
        yield from builder.feed(b"", final=True)
    except (*BROKEN, expat.ExpatError, ValueError) as error:
        raise InvalidDocument(f"not the XML document it should be: {error}") from None


class _Builder:
    """Makes elements of what expat reports; the records among them are handed over by `feed`."""

    def __init__(self, root: str, names: Collection[str]) -> None:
        self._root = root
        self._names = frozenset(names)
        self._depth = 0
        self._open: list[Element] = []  # the record at hand, and what is open in it
        self._size = 0  # of the record at hand
        self._silent = 0  # bytes since expat last reported anything
        self._finished: list[Element] = []
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.DefaultHandler = self._other
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes, *, final: bool = False) -> list[Element]:
        self._silent += len(chunk)
        self._parser.Parse(chunk, final)
        if self._silent > _LONGEST_TOKEN:
            raise InvalidDocument(f"a tag or comment of more than {_LONGEST_TOKEN} bytes")
        finished, self._finished = self._finished, []
        return finished

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._silent = 0
        name = name.rpartition(":")[2]
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidDocument("an XML document that is nested too deeply")
        if self._depth == 1 and name != self._root:
            raise InvalidDocument(f"an XML document of {name!r}, not of {self._root!r}")
        if self._open or name in self._names:
            element = Element(name, attributes)
            self._grow(_COST + sum(map(len, attributes)) + sum(map(len, attributes.values())))
            if self._open:
                self._open[-1].children.append(element)
            self._open.append(element)

    def _end(self, _: str) -> None:
        self._silent = 0
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._finished.append(element)
                self._size = 0

    def _text(self, text: str) -> None:
        self._silent = 0
        if self._open:
            self._grow(len(text))
            self._open[-1].pieces.append(text)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > _LARGEST_RECORD:
            raise InvalidDocument(f"a record of more than {_LARGEST_RECORD} characters")

    def _other(self, _: str) -> None:
        self._silent = 0

    def _doctype(self, *_: object) -> None:
        raise InvalidDocument("an XML document with a document type declaration")

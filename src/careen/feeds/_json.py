"""JSON documents (RFC 8259) of any size, read piece by piece in the memory of one piece."""

import codecs
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from careen.feeds._strict_json import DECODER, Ambiguous
from careen.feeds.document import InvalidDocument

_CHUNK = 1 << 20
_LARGEST_PIECE = 4 << 20  # characters that `value` may span: upstreams' have 60,000, each may cost 24 bytes
_AFTER_NUMBER = frozenset(" \t\r\n,]}")
_SPACE = re.compile(r"[ \t\r\n]*")


class Reader:
    """Walks down a document: `members` and `elements` enter a value, `value` takes it whole.

    Each value that a member or element announces must be entered or taken before the next one.
    All raise InvalidDocument for what is no JSON, breaks off, is nested too deeply or is longer than `limit`
    bytes.
    """

    def __init__(self, document: BinaryIO, *, limit: int) -> None:
        self._document = document
        self._left = limit
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False

    def members(self) -> Iterator[str]:
        """The names of an object's members, each with the reader before its value."""
        self._expect("{")
        if self._accept("}"):
            return
        seen: set[str] = set()
        while True:
            if self._peek() != '"':
                raise self._invalid("a name is missing")
            name = str(self.value())
            if name in seen:
                raise self._invalid(f"the name {name[:100]!r} stands twice in one object")
            seen.add(name)
            self._expect(":")
            yield name
            if not self._accept(","):
                break
        self._expect("}")

    def elements(self) -> Iterator[int]:
        """The indices of an array's elements, each with the reader before the element."""
        self._expect("[")
        if self._accept("]"):
            return
        index = 0
        while True:
            yield index
            index += 1
            if not self._accept(","):
                break
        self._expect("]")

    def value(self) -> object:
        self._peek()
        while True:
            try:
                found, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._invalid("nested too deeply") from None
            except Ambiguous as error:
                raise self._invalid(error.message) from None
            except ValueError as error:
                if not self._more():
                    raise self._invalid(str(error)) from None
            else:
                if self._is_whole(found, end) or not self._more():
                    self._at = end
                    return found
            if len(self._text) - self._at > _LARGEST_PIECE:
                raise self._invalid(f"a value of more than {_LARGEST_PIECE} characters")

    def _is_whole(self, found: object, end: int) -> bool:
        """A number may go on behind what was read so far: "1." is 1 and the beginning of 1.5."""
        return not isinstance(found, int | float) or self._text[end : end + 1] in _AFTER_NUMBER

    def end(self) -> None:
        """Nothing may follow."""
        if self._peek():
            raise self._invalid("something follows the end")

    def _peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match
            self._at = match.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _accept(self, mark: str) -> bool:
        accepted = self._peek() == mark
        self._at += accepted
        return accepted

    def _expect(self, mark: str) -> None:
        if not self._accept(mark):
            raise self._invalid(f"{mark!r} is missing")

    def _more(self) -> bool:
        """Reads on, twice as far as the piece at hand, so that a long one is not scanned too often."""
        if self._ended:
            return False
        self._text = self._text[self._at :]
        self._at = 0
        try:
            data = self._document.read(max(_CHUNK, len(self._text)))
            self._text += self._decoder.decode(data, final=not data)
        except (OSError, EOFError, zlib.error, ValueError) as error:  # of gzip, and of what is no UTF-8
            raise self._invalid(str(error)) from None
        self._ended = not data
        self._left -= len(data)
        if self._left < 0:
            raise self._invalid(f"more than {self._limit} bytes")
        return True

    def _invalid(self, reason: str) -> InvalidDocument:
        return InvalidDocument(f"not the JSON document it should be: {reason[:200]}")

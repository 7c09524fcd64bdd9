"""The lines of a text that may be too large to be held as a list of them."""

import codecs
from collections.abc import Iterator
from typing import Final

from careen.model.file import File

_LONGEST: Final = 1 << 20  # characters of a line, after which the rest of it is left out
_DECODER: Final = codecs.getincrementaldecoder("utf-8")


def lines(file: File) -> Iterator[str]:
    """Without their ends, the last one (mostly empty) too; U+FFFD stands for what is not UTF-8.

    Of a line beyond all honest ones only the beginning comes, and what is left of its last piece.
    """
    decoder, begun, size = _DECODER("replace"), list[str](), 0
    for piece in file.pieces:
        first, *others = decoder.decode(bytes(piece)).split("\n")
        if size < _LONGEST:
            begun.append(first)
            size += len(first)
        if others:
            yield "".join(begun)
            yield from others[:-1]
            begun, size = others[-1:], len(others[-1])
    yield "".join([*begun, decoder.decode(b"", final=True)])


def ends_within_a_line(file: File) -> bool:
    last = next((piece for piece in reversed(file.pieces) if piece), b"\n")
    return last[-1:] != b"\n"

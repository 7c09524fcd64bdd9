"""Files with holes in tar archives (GNU tar manual, "Storing Sparse Files"): old GNU, pax 0.0, 0.1, 1.0."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from careen.images.budgets import CorruptLayer
from careen.images.tarfields import decimal, number

_BLOCK: Final = 512
MOST: Final = 50_000  # pieces of a file: Go reads maps of 1 MiB at most
_SPAN: Final = 24  # bytes of an offset and a length in an old GNU header

Spans = Sequence[tuple[int, int]]  # offset and length of what is no hole


class Sparse(NamedTuple):
    size: int  # bytes of the file, holes included
    spans: Spans | None  # None: the body begins with them (pax 1.0)

    def expand(self, rope: Iterable[bytes | memoryview]) -> list[bytes]:
        """The file from the body that the archive holds; raises CorruptLayer where the two do not fit."""
        body = b"".join(rope)
        spans, start = (self.spans, 0) if self.spans is not None else _leading_map(body)
        pieces, at = [], 0
        for offset, length in spans:
            piece = body[start : start + length]
            if offset < at or offset + length > self.size or len(piece) < length:
                raise CorruptLayer("the map of a sparse file does not fit its content")
            pieces += [bytes(offset - at), piece]
            at, start = offset + length, start + length
        return [*pieces, bytes(self.size - at)]


def old_gnu(header: bytes) -> tuple[list[tuple[int, int]], bool]:
    """The spans in a header of type S, and whether an extension block follows."""
    return _spans(header[386:482]), bool(header[482])


def old_gnu_extension(block: bytes) -> tuple[list[tuple[int, int]], bool]:
    return _spans(block[:504]), bool(block[504])


def pax(records: Iterable[tuple[str, bytes]]) -> Sparse | None:
    """What the GNU.sparse records say, in their order; None when there are none."""
    said = dict(records)
    if said.get("GNU.sparse.major") == b"1":
        return Sparse(decimal(said.get("GNU.sparse.realsize", b"")), None)
    numbers = said.get("GNU.sparse.map", b"").split(b",") if said.get("GNU.sparse.map") else []
    if "GNU.sparse.offset" in said:
        spread = ("GNU.sparse.offset", "GNU.sparse.numbytes")
        numbers = [value for name, value in records if name in spread]
    if "GNU.sparse.size" not in said:
        return None
    return Sparse(decimal(said["GNU.sparse.size"]), _pairs([decimal(digits) for digits in numbers]))


def _spans(field: bytes) -> list[tuple[int, int]]:
    entries = [field[at : at + _SPAN] for at in range(0, len(field), _SPAN)]
    return [(number(entry[:12]), number(entry[12:])) for entry in entries if entry[0]]


def _pairs(numbers: Sequence[int]) -> Spans:
    if len(numbers) % 2:
        raise CorruptLayer("the map of a sparse file is cut off")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _leading_map(body: bytes) -> tuple[Spans, int]:
    """The spans before the content, and where the content begins: the map is filled up to whole blocks."""
    first, _, _ = body[:_BLOCK].partition(b"\n")
    count = decimal(first)
    if count > MOST:
        raise CorruptLayer(f"a sparse file of {count} pieces")
    at, numbers = len(first) + 1, list[int]()
    for _ in range(2 * count):
        end = body.find(b"\n", at, at + 32)
        if end < 0:
            raise CorruptLayer("the map of a sparse file is cut off")
        numbers.append(decimal(body[at:end]))
        at = end + 1
    return _pairs(numbers), -(-at // _BLOCK) * _BLOCK

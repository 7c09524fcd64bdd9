"""A layer blob inflated, hashed and counted in one pass (OCI image-spec, layer.md; RFC 1952; RFC 8878)."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from isal import igzip_lib

from careen import zstd
from careen.images.budgets import Budgets, CorruptLayer
from careen.model import digest as digests
from careen.model.digest import Digest

HEAD = 263  # bytes that `may_be_layer` looks at
_MAGIC = 6  # bytes that tell the formats apart
_USTAR = slice(257, 262)  # where most plain archives say what they are
# Bytes at most that a decompressor gives at once, and the best size of a piece of the blob. A few such pieces
# stay in the cache of a core: twice as much costs 5 % more CPU, half as much leads to more turns.
PIECE = 128 << 10
_ROUND = 64  # pieces after which the clock is looked at, which takes longer than to look into a piece
_DAMAGED = (igzip_lib.error, zstd.ZstdError)
_WINDOW = 27  # 128 MB, what `zstd --long=27` needs; more is refused

# Of formats that no specification of images knows, but that are met.
FOREIGN = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}


def inflate(
    blob: Iterable[bytes],
    *,
    budgets: Budgets,
    expected: Digest | Callable[[], Digest],
    algorithm: str = digests.CANONICAL,
) -> Iterator[bytes]:
    """The archive in `blob`, piece by piece. The format goes by its magic, whatever a media type says.

    The blob is read to its very end; only when the iterator is exhausted is its digest verified, and not
    before then is `expected` asked for it, if that is a function; then `algorithm` says what to hash with.
    Raises CorruptLayer and BudgetExceeded.
    """
    source = _Source(blob, algorithm if callable(expected) else digests.algorithm(expected))
    allowance = _Allowance(budgets, source)
    total = allowed = 0
    try:
        for number, piece in enumerate(_open(iter(source))):
            total += len(piece)
            if total > allowed:
                allowed = allowance.beyond(total)
            if number % _ROUND == 0:
                allowance.look_at_the_clock()
            yield piece
    except _DAMAGED as error:  # type: ignore[misc] # isal's stub takes its error for an instance
        raise CorruptLayer(f"the compressed data is damaged: {error}") from None
    source.verify(expected() if callable(expected) else expected)


def may_be_layer(head: bytes) -> bool:
    """Whether a blob that begins so is worth a try. Some plain archives of old do not tell that they are."""
    return _frames(head) is not None or head[_USTAR] == b"ustar"


class _Source:
    """The blob's pieces, hashed and counted as they are read."""

    def __init__(self, pieces: Iterable[bytes], algorithm: str) -> None:
        self._pieces = pieces
        self._hash = digests.hasher(algorithm)
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._hash.update(piece)
            self.size += len(piece)
            yield piece

    def verify(self, expected: Digest) -> None:
        found = digests.of_hash(self._hash)
        if found != expected:
            raise CorruptLayer(f"the blob's digest is {found}, not {expected}")


class _Allowance:
    """What the budgets allow to be inflated, from now on."""

    def __init__(self, budgets: Budgets, source: _Source) -> None:
        self._budgets = budgets
        self._source = source
        self._deadline = time.process_time() + budgets.seconds  # waiting for bytes costs nothing

    def beyond(self, total: int) -> int:
        """Up to how many bytes this need not be asked again. Raises BudgetExceeded."""
        budgets, read = self._budgets, self._source.size
        by_ratio = max(budgets.ratio_floor, read * budgets.ratio)
        if total > budgets.inflated:
            raise budgets.exceeded("inflated", "bytes of the layer, inflated")
        if total > by_ratio:
            raise budgets.exceeded("ratio", f"{total} bytes inflated from {read}")
        return min(budgets.inflated, by_ratio)

    def look_at_the_clock(self) -> None:
        """Raises BudgetExceeded."""
        if time.process_time() > self._deadline:
            raise self._budgets.exceeded("seconds", "seconds for the layer")


def _open(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _MAGIC:
            break
    for magic, name in FOREIGN.items():
        if head.startswith(magic):
            raise CorruptLayer(f"the layer is compressed with {name}, which images do not use")
    frames, whole = _frames(head), chain([head], pieces)
    return whole if frames is None else _unframe(frames, whole)


def _frames(head: bytes) -> "_Frames | None":
    return next((frames for frames in _FORMATS if frames.begin_with(head)), None)


class _Frames(NamedTuple):
    """A format of one or more compressed streams, one after the other."""

    name: str
    begin_with: Callable[[bytes], bool]
    start: Callable[[], Any]  # a decompressor of one stream, as in the bz2 module


def _unframe(frames: _Frames, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What the streams hold; zeros may stand behind each of them, as gzip allows.

    A decompressor copies what it was given beyond its stream's end. Where many small streams follow each
    other (eStargz, zstd:chunked) it is therefore given little at first, then twice as much each time.
    """
    stream, step = None, PIECE
    for piece in pieces:
        at = 0
        while at < len(piece):
            if stream is None:
                at = _skip_zeros(piece, at)
                stream = frames.start() if at < len(piece) else None
                continue
            given = memoryview(piece)[at : at + step]
            inflated = stream.decompress(given, PIECE)
            while inflated:
                yield inflated
                if stream.eof or stream.needs_input:
                    break
                inflated = stream.decompress(b"", PIECE)
            at += len(given) - len(stream.unused_data)
            step = min(2 * step, PIECE)
            if stream.eof:
                stream, step = None, _SMALLEST
    if stream is not None:
        raise CorruptLayer(f"the {frames.name} stream is cut off")


_SMALLEST = 8 << 10


def _skip_zeros(piece: bytes, at: int) -> int:
    if piece[at]:
        return at
    return len(piece) - len(piece[at:].lstrip(b"\0"))


def _start_gzip() -> object:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _start_zstd() -> object:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW})


def _is_zstd(head: bytes) -> bool:
    return head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5)  # noqa: PLR2004 - 0x50 to 0x5f begin a skippable frame


_FORMATS = (
    _Frames("gzip", lambda head: head.startswith(b"\x1f\x8b"), _start_gzip),
    _Frames("zstd", _is_zstd, _start_zstd),
)

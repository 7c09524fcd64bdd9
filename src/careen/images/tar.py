"""The members of a tar archive: v7, ustar, pax and GNU (POSIX.1-2017, pax; GNU tar manual, "Tar Internals").

Where the formats leave room an archive is read as Go's archive/tar reads it: container engines use that.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from careen.images import extended
from careen.images.budgets import Budgets, CorruptLayer
from careen.images.extended import NOTHING, Extended
from careen.images.sparse import MOST, Sparse, old_gnu, old_gnu_extension
from careen.images.tarfields import is_proven, number, text
from careen.images.tarstream import BLOCK, Stream

_ZEROS: Final = bytes(BLOCK)
_MAX_EXTENSION: Final = 1 << 20  # bytes of one extended header, as in Go

HARD_LINK: Final = ord("1")
SYMLINK: Final = ord("2")
FOLDER: Final = ord("5")
_V7_FILE: Final = ord("\x00")
_OLD_SPARSE: Final = ord("S")
FILES: Final = frozenset(b"\x0007S")
_WITHOUT_BODY: Final = frozenset(b"123456")  # whatever their size field says
_KNOWN: Final = FILES | _WITHOUT_BODY


class Member:
    """One object that stands for one member after the other: making a new one costs as much as its header."""

    __slots__ = ("header", "link", "path", "sparse", "stored", "type")

    def __init__(self) -> None:
        self.path = ""  # as written
        self.type = 0
        self.stored = 0  # bytes that the archive holds of it
        self.link = ""  # as written
        self.header = b""
        self.sparse: Sparse | None = None

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.stored if self.sparse is None else self.sparse.size

    def read(self, stream: Stream) -> Sequence[bytes | memoryview]:
        """The content; `stream` must stand where `members` left it. Raises CorruptLayer."""
        end = stream.offset + self.stored
        rope = stream.rope(self.stored)
        self._check(stream, end)
        return rope if self.sparse is None else self.sparse.expand(rope)

    def pieces(self, stream: Stream) -> Iterator[bytes]:
        """As `read`, one by one, and without the holes of a sparse file."""
        end = stream.offset + self.stored
        for piece in stream.pieces(self.stored):
            yield bytes(piece)
        self._check(stream, end)

    def _check(self, stream: Stream, end: int) -> None:
        if stream.offset < end:
            raise CorruptLayer(f"the archive is cut off in {self.path!r}")


def mode(header: bytes) -> int:
    return number(header[100:108])


def mtime(header: bytes) -> int:
    """Seconds since 1970; 0 where no sensible number is written: nothing depends on it alone."""
    try:
        return number(header[136:148])
    except CorruptLayer:
        return 0


Pass = Callable[[Stream, int], int]


def members(stream: Stream, budgets: Budgets, pass_run: Pass | None = None) -> Iterator[Member]:
    """The members in their order; while one is looked at, the stream stands at the start of its content.

    `pass_run` may take some to itself: it gets the stream at a header, and how many may come; it
    leaves the stream at another header, and returns how many it took.

    The two blocks of zeros at the end may be missing, and what stands behind them is not looked at.
    Raises CorruptLayer and BudgetExceeded.
    """
    member, entries = Member(), 0
    own, common = NOTHING, NOTHING
    while header := _header(stream):
        entries += 1
        if entries > budgets.entries:
            raise budgets.exceeded("entries", "members of the layer")
        kind = header[156]
        if kind in extended.TYPES:
            body = _extension(stream, header)
            if kind == extended.PAX_GLOBAL:
                common = common.also(kind, body)
            else:
                own = own.also(kind, body)
            continue
        _fill(member, stream, header)
        if own is not NOTHING or common is not NOTHING:
            _amend(member, own if common is NOTHING else own.over(common))
            own = NOTHING
        end = stream.offset + member.stored
        yield member
        if member.stored:
            stream.skip_to(end)
        if pass_run and common is NOTHING:
            entries += pass_run(stream, budgets.entries - entries)


def _header(stream: Stream) -> bytes:
    """The next header, or nothing where the archive ends."""
    start = stream.at
    header = stream.piece[start : start + BLOCK]
    if len(header) == BLOCK:
        stream.at = start + BLOCK
    else:
        header = stream.take(BLOCK)
        if 0 < len(header) < BLOCK:
            raise CorruptLayer(f"the archive is cut off in a header at {stream.offset}")
    if not header or not is_proven(header):
        return _odd_header(stream, header)
    return header


def _odd_header(stream: Stream, header: bytes) -> bytes:
    """The same, where the sum is not known to be right."""
    if not header or header == _ZEROS:
        if stream.take(BLOCK).strip(b"\0"):
            raise CorruptLayer(f"a lone block of zeros before {stream.offset}")
        stream.drain()
        return b""
    # Some old programs summed up signed characters.
    blanked = header[:148] + b" " * 8 + header[156:]
    if number(header[148:156]) not in (sum(blanked), sum(memoryview(blanked).cast("b"))):
        raise CorruptLayer(f"no tar header at {stream.offset - BLOCK}: its checksum is wrong")
    return header


def _extension(stream: Stream, header: bytes) -> bytes:
    size = number(header[124:136])
    if size > _MAX_EXTENSION:
        raise CorruptLayer(f"an extended header of {size} bytes")
    body = stream.take(size + -size % BLOCK)[:size]
    if len(body) < size:
        raise CorruptLayer("the archive is cut off in an extended header")
    return body


def _fill(member: Member, stream: Stream, header: bytes) -> None:
    """Let the member be what its header says."""
    kind = header[156]
    if kind not in _KNOWN:
        raise CorruptLayer(f"a member of the unknown type {chr(kind)!r} at {stream.offset - BLOCK}")
    stored = 0 if kind in _WITHOUT_BODY else number(header[124:136])
    path = text(header[:100])
    if header[345] and header[257:263] == b"ustar\0":
        # The program star keeps times behind a shorter prefix.
        end = 476 if header[508:512] == b"tar\0" else 500
        path = f"{text(header[345:end])}/{path}"
    if kind == _V7_FILE and path.endswith("/"):
        kind = FOLDER
    member.path, member.type, member.stored, member.header = path, kind, stored, header
    member.link = text(header[157:257]) if kind in _LINKS else ""
    member.sparse = _old_sparse(stream, header) if kind == _OLD_SPARSE else None


_LINKS: Final = frozenset((HARD_LINK, SYMLINK))


def _old_sparse(stream: Stream, header: bytes) -> Sparse:
    spans, more = old_gnu(header)
    while more:
        block = stream.take(BLOCK)
        if len(block) < BLOCK:
            raise CorruptLayer("the archive is cut off in the map of a sparse file")
        further, more = old_gnu_extension(block)
        spans += further
        if len(spans) > MOST:
            raise CorruptLayer(f"a sparse file of more than {MOST} pieces")
    return Sparse(number(header[483:495]), spans)


def _amend(member: Member, said: Extended) -> None:
    if said.stored is not None and member.type not in _WITHOUT_BODY:
        member.stored = said.stored
    if said.path is not None:
        member.path = said.path
    if said.link is not None:
        member.link = said.link
    member.sparse = said.sparse or member.sparse

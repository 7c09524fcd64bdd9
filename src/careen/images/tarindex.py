"""Where the members of a tar file are (POSIX.1-2017 pax, "pax Interchange Format"; GNU tar's long names).

The standard library reads extended headers of any size into memory and follows them recursively, so archives
of strangers are indexed by this small scan instead: it reads headers only, each of bounded size.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from careen.errors import Invalid

BLOCK = 512

_MAX_HEADERS = 200_000
_MAX_EXTENSION = 64 << 10  # bytes of an extended header
_MAX_LINKS = 8  # links that lead to links
_FILES = frozenset({b"0", b"\0", b"7"})
_WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # whatever their size field says
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SPARSE = b"L", b"K", b"x", b"g", b"S"
_RECORD_LENGTH = re.compile(rb"(\d{1,6}) ")
_HARD_LINK, _SYMLINK = b"1", b"2"


class InvalidTar(Invalid): ...


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file, `size` bytes from `offset` on; or a link to another member."""

    offset: int
    size: int
    link: str = ""  # path of the other member, from the archive's root


@dataclass(frozen=True, slots=True)
class _Header:
    type: bytes
    name: str
    link: str
    offset: int  # of the content
    size: int

    @property
    def end(self) -> int:
        return self.offset + -(-self.size // BLOCK) * BLOCK


class TarIndex:
    """The files and links of a tar by path, without a leading "./"; of equal paths the last one counts."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members

    def find(self, path: str) -> Member | None:
        """The file at `path`, through links that stay in the archive; None when there is none."""
        for _ in range(_MAX_LINKS):
            member = self._members.get(_clean(path))
            if member is None or not member.link:
                return member
            path = member.link
        return None


def index(file: BinaryIO, size: int) -> TarIndex:
    """Scan an uncompressed tar of `size` bytes. Raises InvalidTar for what is none, cut off or abnormal."""
    members: dict[str, Member] = {}
    for header in _headers(file, size):
        if header.type in _FILES:
            members[_clean(header.name)] = Member(header.offset, header.size)
        elif header.type == _HARD_LINK:
            members[_clean(header.name)] = Member(0, 0, _clean(header.link))
        elif header.type == _SYMLINK:
            target = posixpath.join(posixpath.dirname(_clean(header.name)), header.link)
            members[_clean(header.name)] = Member(0, 0, _clean(target))
    return TarIndex(members)


def _headers(file: BinaryIO, size: int) -> Iterator[_Header]:
    """The members' headers, with what extended headers say of them."""
    extended: dict[str, str] = {}
    position = 0
    for _ in range(_MAX_HEADERS):
        block = _block(file, position, size)
        if block is None:
            return
        header = _parse(block, position + BLOCK)
        if header.type == _PAX:
            extended |= _pax_records(_body(file, header))
        elif header.type in {_LONG_NAME, _LONG_LINK}:
            name = "path" if header.type == _LONG_NAME else "linkpath"
            extended[name] = _text(_body(file, header))
        elif header.type != _PAX_GLOBAL:
            header, extended = _extend(header, extended), {}
            yield header
        position = header.end
        if header.offset + header.size > size:
            raise InvalidTar(f"it ends in the middle of {header.name[:100]!r}")
    raise InvalidTar(f"it has more than {_MAX_HEADERS} headers")


def _block(file: BinaryIO, position: int, size: int) -> bytes | None:
    """The header block at `position`; None at the end of the archive."""
    if position >= size:
        return None
    file.seek(position)
    block = file.read(BLOCK)
    if len(block) < BLOCK:
        raise InvalidTar("it ends in the middle of a header")
    return block if any(block) else None


def _parse(block: bytes, offset: int) -> _Header:
    if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        raise InvalidTar(f"it has no tar header at byte {offset - BLOCK}")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    kind = block[156:157]
    size = 0 if kind in _WITHOUT_CONTENT else _number(block[124:136])
    return _Header(kind, name, _text(block[157:257]), offset, size)


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base 256 for what is too large for them. Negative sizes do not exist."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:])
    digits = field.split(b"\0")[0].strip() or b"0"
    if not digits.isdigit() or max(digits) > ord("7"):
        raise InvalidTar(f"{digits!r} is no octal number")
    return int(digits, 8)


def _body(file: BinaryIO, header: _Header) -> bytes:
    """The content of an extended header."""
    if header.size > _MAX_EXTENSION:
        raise InvalidTar(f"an extended header has {header.size} bytes, more than {_MAX_EXTENSION}")
    file.seek(header.offset)
    return file.read(header.size)


def _pax_records(body: bytes) -> dict[str, str]:
    """`23 path=some/where/else` and a newline; the length counts the whole record."""
    records, start = {}, 0
    while start < len(body) and body[start]:
        match = _RECORD_LENGTH.match(body, start)
        end = start + int(match[1]) if match else 0
        if match is None or not match.end() < end <= len(body):
            raise InvalidTar("an extended header is malformed")
        name, _, value = body[match.end() : end - 1].partition(b"=")
        records[_text(name)] = _text(value)
        start = end
    return records


def _extend(header: _Header, extended: Mapping[str, str]) -> _Header:
    if header.type == _SPARSE or any(name.startswith("GNU.sparse.") for name in extended):
        raise InvalidTar("it has sparse members")
    size = extended.get("size", "0")
    if not (size.isascii() and size.isdigit() and len(size) < 20):  # noqa: PLR2004 - digits of 2 ** 63
        raise InvalidTar("a member's size is no number")
    return replace(
        header,
        name=extended.get("path", header.name),
        link=extended.get("linkpath", header.link),
        size=int(size) if "size" in extended and header.type in _FILES else header.size,
    )


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode(errors="surrogateescape")


def _clean(path: str) -> str:
    """From the archive's root; what would lead above it ends there, as in chroot(2)."""
    return posixpath.normpath("/" + path).lstrip("/")

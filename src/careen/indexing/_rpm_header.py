"""A package's header as rpm's database holds it (rpm.org, "RPM V4 Package format", section "Header").

Two counts, entries of 16 bytes (tag, type, offset, count), and the data that they lead to; all big-endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from careen.indexing import _rpm_files
from careen.indexing._rpm_files import Files, Table
from careen.indexing._rpm_storage import InvalidDatabase

SMALLEST = 8 + 16  # bytes: the counts and one entry

_MOST_ENTRIES = 0xFFFF  # as rpm has it
_LONGEST = 1024  # bytes of a text that is looked at
_COUNTS = struct.Struct(">II")
_ENTRY = struct.Struct(">IIII")
_INT32, _STRING = 4, 6
_TEXTS = {
    1000: "name",
    1001: "version",
    1002: "release",
    1011: "vendor",
    1022: "arch",
    1044: "source_rpm",
    5096: "module",  # MODULARITYLABEL
}
_EPOCH = 1003


@dataclass(frozen=True, slots=True)
class Header:
    """What was not said is empty."""

    name: str = ""
    version: str = ""
    release: str = ""
    epoch: str = ""
    arch: str = ""
    source_rpm: str = ""  # NAME-VERSION-RELEASE.src.rpm
    module: str = ""  # NAME:STREAM:VERSION:CONTEXT
    vendor: str = ""
    files: Files = field(default_factory=Files)


def parse(blob: bytes) -> Header:
    """The tags that matter; of a tag said twice the last counts. Raises InvalidDatabase."""
    if len(blob) < SMALLEST:
        raise InvalidDatabase(f"{len(blob)} bytes are no header")
    entries, size = _COUNTS.unpack_from(blob)
    start = _COUNTS.size + entries * _ENTRY.size
    if entries > _MOST_ENTRIES or start + size > len(blob):
        raise InvalidDatabase(f"a header of {entries} entries does not fit into its {len(blob)} bytes")
    return Header(**dict(_fields(blob, start, start + size)))


def _fields(blob: bytes, start: int, end: int) -> Iterator[tuple[str, Any]]:
    tables: dict[int, Table] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(blob[_COUNTS.size : start]):
        at = start + offset
        if tag in _rpm_files.TAGS:
            tables[tag] = Table(kind, at, count)
        elif tag == _EPOCH and kind == _INT32 and at + 4 <= end:
            yield "epoch", str(int.from_bytes(blob[at : at + 4]))
        elif tag in _TEXTS and kind == _STRING:
            yield _TEXTS[tag], _text(blob[at : min(at + _LONGEST, end)])
    yield "files", _rpm_files.parse(blob, end, tables)


def _text(data: bytes) -> str:
    text, nul, _ = data.partition(b"\0")
    if not nul:
        raise InvalidDatabase("a text in a header does not end")
    return text.decode("utf-8", "replace")

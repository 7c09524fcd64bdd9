"""Archives are read file by file, and a hostile one costs neither memory nor time."""

import bz2
import io
import lzma
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from careen.feeds._tar import files
from careen.feeds.document import InvalidDocument

MEGABYTE = 1 << 20
KINDS = pytest.mark.parametrize("pack", [lzma.compress, zstandard.compress, bz2.compress])


def archive(*members: tuple[str, bytes], kind: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as made:
        made.addfile(tarfile.TarInfo("folder"))
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def read(
    tar: bytes,
    *,
    limit: int = MEGABYTE,
    largest: int = MEGABYTE,
    pack: Callable[[bytes], bytes] = lzma.compress,
) -> list[tuple[str, bytes | None]]:
    return list(files(io.BytesIO(pack(tar)), limit=limit, largest=largest))


@KINDS
@settings(deadline=None)
@given(contents=st.lists(st.binary(max_size=2000), max_size=5))
def test_every_file_is_read_as_tarfile_wrote_it(
    pack: Callable[[bytes], bytes], contents: list[bytes]
) -> None:
    members = [(f"osv/{number}.json", data) for number, data in enumerate(contents)]
    assert read(archive(*members), pack=pack) == [("folder", b""), *members]


def test_several_streams_may_follow_each_other() -> None:
    tar = archive(("a", b"1" * 2000), ("b", b"2"))
    for pack in (zstandard.compress, bz2.compress):
        packed = pack(tar[:700]) + pack(tar[700:])
        assert list(files(io.BytesIO(packed), limit=MEGABYTE, largest=1)) == [
            ("folder", b""),
            ("a", None),
            ("b", b"2"),
        ]


@KINDS
@pytest.mark.parametrize("left", [0.3, 0.6, 0.9, 0.99])
def test_a_stream_that_breaks_off_is_refused(pack: Callable[[bytes], bytes], left: float) -> None:
    packed = pack(archive(*((f"{number}", bytes([number]) * 700) for number in range(50))))
    with pytest.raises(InvalidDocument):
        list(files(io.BytesIO(packed[: int(len(packed) * left)]), limit=MEGABYTE, largest=MEGABYTE))


@KINDS
@settings(deadline=None)
@given(noise=st.binary(min_size=1, max_size=300), at=st.integers(0, 400))
def test_a_broken_stream_is_refused_or_read(pack: Callable[[bytes], bytes], noise: bytes, at: int) -> None:
    packed = pack(archive(("a", b"1" * 600), ("b", bytes(range(256)))))
    with suppress(InvalidDocument):
        list(files(io.BytesIO(packed[:at] + noise + packed[at:]), limit=MEGABYTE, largest=MEGABYTE))


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_extended_headers_are_passed_over(kind: int) -> None:
    found = read(archive(("x" * 90 + "/" + "y" * 90, b"data"), kind=kind))
    assert [content for _, content in found] == [b"", b"data"]


def test_a_file_that_is_too_large_is_named_without_its_content() -> None:
    assert read(archive(("a", b"12345"), ("b", b"1")), largest=4)[1:] == [("a", None), ("b", b"1")]


@pytest.mark.parametrize(
    "tar",
    [b"", bytes(10240), b"x" * 10240, archive(("a", b"1" * 600))[:-10240][:1500]],
    ids=["empty", "no-file", "no-tar", "broken-off"],
)
def test_what_is_no_archive_is_refused(tar: bytes) -> None:
    with pytest.raises(InvalidDocument):
        read(tar)


@pytest.mark.parametrize("size", [b"-0000000001\0", b"\x80" + bytes(10) + b"\x01", b"7_7\0", b"zz\0"])
def test_a_size_that_is_no_octal_number_is_refused(size: bytes) -> None:
    tar = bytearray(archive(("a", b"1")))
    header = tar[512:1024]
    header[124:136] = size.ljust(12, b"\0")
    header[148:156] = b" " * 8
    tar[512:1024] = header
    tar[512 + 148 : 512 + 156] = b"%06o\0 " % sum(header)
    with pytest.raises(InvalidDocument, match="no tar archive"):
        read(bytes(tar))


@KINDS
def test_a_bomb_is_refused_at_the_limit_in_little_memory(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(archive(("a", bytes(60 * MEGABYTE))))
    tracemalloc.start()
    with pytest.raises(InvalidDocument, match="more than"):
        list(files(io.BytesIO(bomb), limit=30 * MEGABYTE, largest=MEGABYTE))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE


def test_a_stream_that_asks_for_a_huge_dictionary_is_refused() -> None:
    data = bytearray(lzma.compress(archive(("a", b"1"))))
    header = data[12 : 12 + (data[12] + 1) * 4]  # of the first block, behind that of the stream
    at = header.index(b"\x21\x01") + 2
    header[at] = 36  # 1 GB
    header[-4:] = zlib.crc32(header[:-4]).to_bytes(4, "little")
    data[12 : 12 + len(header)] = header
    with pytest.raises(InvalidDocument, match="no xz stream"):
        list(files(io.BytesIO(bytes(data)), limit=MEGABYTE, largest=MEGABYTE))

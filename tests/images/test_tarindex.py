"""Where the members of a tar are: the same as the standard library says, and bounded."""

import contextlib
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.images.tarindex import InvalidTar, index

FORMATS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
PATHS = st.lists(PARTS.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=5).map("/".join)


def found(archive: bytes, path: str) -> bytes | None:
    file = io.BytesIO(archive)
    member = index(file, len(archive)).find(path)
    return None if member is None else archive[member.offset : member.offset + member.size]


@given(st.dictionaries(PATHS, st.binary(max_size=1500), max_size=4), FORMATS)
def test_every_file_that_tarfile_writes_is_found(files: dict[str, bytes], format: int) -> None:  # noqa: A002 - tarfile's word
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            try:
                tar.addfile(info, io.BytesIO(content))
            except ValueError:  # a name that ustar has no room for
                return
    with tarfile.open(fileobj=io.BytesIO(buffer.getvalue())) as tar:
        expected = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr] # files only
    for path, content in expected.items():
        assert found(buffer.getvalue(), path) == content


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_tar_or_an_invalid_one(data: bytes) -> None:
    with contextlib.suppress(InvalidTar):
        assert found(data, "x") is None


@given(st.data())
def test_a_changed_tar_is_read_within_its_bounds_or_refused(data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("ä" * 120)
        info.size = 700
        tar.addfile(info, io.BytesIO(b"x" * 700))
    archive = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, 2600))] = data.draw(st.integers(0, 255))
    for start in range(0, 2048, 512):
        block = archive[start : start + 512]
        total = sum(block) - sum(block[148:156]) + 8 * 32
        archive[start + 148 : start + 156] = b"%06o\0 " % total
    try:
        member = index(io.BytesIO(bytes(archive)), len(archive)).find("ä" * 120)
    except InvalidTar:
        return
    assert member is None or 0 <= member.offset <= member.offset + member.size <= len(archive)


def header(kind: bytes, size: int, name: bytes = b"x", link: bytes = b"") -> bytes:
    """One block, with a checksum that is right."""
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11)
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % (sum(block) + 8 * 32)
    return bytes(block)


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (header(b"0", 700) + b"x" * 512, "cut off"),
        (header(b"0", 1 << 80) + b"x" * 512, "no size"),
        (header(b"0", 0)[:300], "cut off in a header"),
        (header(b"x", 1 << 40) + b"x" * 512, "an extended header of 1099511627776 bytes"),
        (header(b"L", 2 << 20) + b"x" * (3 << 20), "an extended header of 2097152 bytes"),
        (header(b"x", 600) + b"20 path=xxxxxxxxxxx\n", "cut off in an extended header"),
        (header(b"x", 12) + b"99 path=abcd".ljust(512, b"\0"), "malformed"),
        (header(b"x", 10) + b"10 size=-1".ljust(512, b"\0") + header(b"0", 0), "malformed|not a number"),
        (header(b"0", 0) + b"rubbish".ljust(512, b"!"), "no number|no tar header"),
    ],
)
def test_what_is_hostile_is_refused(archive: bytes, said: str) -> None:
    with pytest.raises(InvalidTar, match=said):
        found(archive, "x")


@pytest.mark.parametrize("format", ["gnu", "posix"])
def test_a_file_with_holes_is_no_range_of_the_archive(tmp_path: Path, format: str) -> None:  # noqa: A002 - tar's word
    with (tmp_path / "holes").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"end")
    (tmp_path / "whole").write_bytes(b"content")
    tar = ["tar", "-C", str(tmp_path), "--sparse", f"--format={format}", "-c", "holes", "whole"]
    archive = subprocess.run(tar, check=True, capture_output=True).stdout
    assert len(archive) < 1 << 20
    assert found(archive, "holes") is None
    assert found(archive, "whole") == b"content"


def test_headers_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careen.images.tarindex._MAX_HEADERS", 50)
    with pytest.raises(InvalidTar, match="more than 50 headers"):
        found(header(b"g", 0) * 60, "x")


def test_links_in_a_circle_lead_nowhere() -> None:
    archive = header(b"2", 0, b"a", b"b") + header(b"2", 0, b"b", b"a")
    assert found(archive, "a") is None


def test_of_equal_paths_the_last_one_counts(tar_of: Callable[..., bytes]) -> None:
    archive = tar_of({"a/x": b"first"})[:1024] + tar_of({"./a//x": b"last"})
    assert found(archive, "a/x") == b"last"


def test_a_link_has_no_content_whatever_its_size_says() -> None:
    archive = header(b"2", 512, b"link", b"x") + header(b"0", 3) + b"yes".ljust(512, b"\0")
    assert found(archive, "link") == b"yes"


def test_gnu_sizes_beyond_octal_are_understood() -> None:
    size: Any = 8**11 + 5
    file = io.BytesIO(header(b"0", size))
    member = index(file, 512 + size).find("x")
    assert member is not None
    assert (member.offset, member.size) == (512, size)

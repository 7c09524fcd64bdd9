"""Blobs inflated: every format by its magic, every lie found out, every budget kept."""

import gzip
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer, InvalidBudget
from careen.images.inflate import inflate
from careen.model import digest
from careen.zstd import compress

Compress = Callable[[bytes], bytes]

TEXT = b"a layer " * 40_000 + os.urandom(50_000)
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"


def zstd(data: bytes) -> bytes:
    return compress(data)


def pieces(blob: bytes, size: int = 1000) -> Iterator[bytes]:
    return (blob[at : at + size] for at in range(0, len(blob), size))


def inflated(blob: bytes, *, size: int = 1000, budgets: Budgets | None = None) -> bytes:
    given_to = inflate(pieces(blob, size), budgets=budgets or Budgets(), expected=digest.of(blob))
    return b"".join(given_to)


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(TEXT[:5000], id="plain"),
        pytest.param(gzip.compress(TEXT[:5000]), id="gzip"),
        pytest.param(gzip.compress(TEXT[:2000]) + gzip.compress(TEXT[2000:5000]), id="gzip-members"),
        pytest.param(gzip.compress(TEXT[:5000]) + bytes(700), id="gzip-zeros-behind"),
        pytest.param(zstd(TEXT[:5000]), id="zstd"),
        pytest.param(zstd(TEXT[:2000]) + SKIPPABLE + zstd(TEXT[2000:5000]), id="zstd-frames"),
        pytest.param(SKIPPABLE + zstd(TEXT[:5000]), id="zstd-skippable-first"),
    ],
)
def test_r32_a_format_is_known_by_its_magic(blob: bytes, size: int) -> None:
    assert inflated(blob, size=size) == TEXT[:5000]


def test_an_empty_blob_is_an_empty_archive() -> None:
    assert inflated(b"") == b""


@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=5), size=st.integers(1, 5000))
def test_streams_in_a_row_come_whole_however_they_arrive(parts: list[bytes], size: int) -> None:
    assert inflated(b"".join(map(gzip.compress, parts)), size=size) == b"".join(parts)
    assert inflated(b"".join(map(zstd, parts)), size=size) == b"".join(parts)


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
@given(cut=st.integers(8, 2000))
def test_a_stream_cut_off_anywhere_is_corrupt(compress: Compress, cut: int) -> None:
    blob = compress(os.urandom(2000))
    with pytest.raises(CorruptLayer, match="cut off"):
        inflated(blob[:cut])


def test_a_wrong_checksum_is_corrupt() -> None:
    blob = bytearray(gzip.compress(TEXT))
    blob[-6] ^= 1
    with pytest.raises(CorruptLayer, match="damaged"):
        inflated(bytes(blob))


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_junk_behind_the_stream_is_corrupt(compress: Compress) -> None:
    with pytest.raises(CorruptLayer, match=r"damaged|cut off"):
        inflated(compress(TEXT) + b"junk that is no stream")


def test_formats_that_images_do_not_use_are_named() -> None:
    with pytest.raises(CorruptLayer, match="bzip2"):
        inflated(b"BZh91AY&SY")


def test_another_digest_is_found_out_at_the_end() -> None:
    blob = gzip.compress(TEXT)
    given_to = inflate(pieces(blob), budgets=Budgets(), expected=digest.of(b"another"))
    with pytest.raises(CorruptLayer, match="digest"):
        list(given_to)


def test_bytes_behind_the_stream_count_for_the_digest() -> None:
    blob = gzip.compress(TEXT)
    given_to = inflate(pieces(blob + bytes(10)), budgets=Budgets(), expected=digest.of(blob))
    with pytest.raises(CorruptLayer, match="digest"):
        list(given_to)


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_a_bomb_is_stopped_by_its_ratio(compress: Compress) -> None:
    budgets = Budgets(ratio=100, ratio_floor=1 << 20)
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_RATIO"):
        inflated(compress(bytes(8 << 20)), budgets=budgets)


def test_what_stays_below_the_floor_may_have_any_ratio() -> None:
    assert inflated(gzip.compress(bytes(1 << 20)), budgets=Budgets(ratio=2, ratio_floor=1 << 20))


def test_bytes_inflated_are_counted() -> None:
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_INFLATED"):
        inflated(gzip.compress(TEXT), budgets=Budgets(inflated=len(TEXT) - 1))


def test_one_small_zstd_blob_never_gives_a_large_piece() -> None:
    """A frame of repeated bytes takes four bytes for each 128 KiB."""
    repeated = ((1 << 1) | ((128 << 10) << 3)).to_bytes(3, "little") + b"\0"
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + repeated * 20_000
    budgets = Budgets(inflated=1 << 30)
    sizes = map(len, inflate([frame], budgets=budgets, expected=digest.of(frame)))
    assert 0 < next(sizes) <= 64 << 20
    with pytest.raises(BudgetExceeded):
        assert max(sizes) <= 64 << 20


def test_a_window_larger_than_memory_is_refused() -> None:
    frame = b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(100)
    with pytest.raises(CorruptLayer, match="damaged"):
        inflated(frame)


def test_time_is_a_budget() -> None:
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_SECONDS"):
        inflated(TEXT, budgets=Budgets(seconds=-1))


def test_the_clock_is_looked_at_however_little_each_stream_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter((0.0, 0.0))  # when it begins, and at the first piece
    monkeypatch.setattr("careen.images.inflate.time.process_time", lambda: next(told, 1e9))
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_SECONDS"):
        inflated(gzip.compress(b"x") * 100)


def test_budgets_are_read_from_settings() -> None:
    assert Budgets.read({"CAREEN_BUDGET_ENTRIES": "5"}) == Budgets(entries=5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENTRIES", "many"),
        ("ENTRIES", "0"),
        ("ENTRIES", "-1"),
        ("ENTRIES", ""),
        ("ENTRIES", "9" * 50),
        ("NONE", "1"),
    ],
)
def test_a_budget_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidBudget, match=f"CAREEN_BUDGET_{name}"):
        Budgets.read({f"CAREEN_BUDGET_{name}": value})

"""Sizes of plain headers are read the fast way as they are read the other way."""

import tarfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from careen.images.budgets import CorruptLayer
from careen.images.tarfields import is_proven, number, plain_size

SIZE, SUM = slice(124, 136), slice(148, 156)
ENDS = [b" ", b"\0"]
DIGITS = "01234567"


def header(size: bytes, name: bytes = b"usr/lib/libz.so.1") -> bytearray:
    """A header with this field of its size, and without its sum."""
    info = tarfile.TarInfo("name")
    blank = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    blank[:100] = name.ljust(100, b"\0")
    blank[SIZE], blank[SUM] = size, b" " * 8
    return blank


def proven(blank: bytearray, ends: bytes = b"\0 ", more: int = 0) -> bytes:
    summed = blank.copy()
    summed[SUM] = b"%06o" % (sum(blank) + more) + ends
    return bytes(summed)


@given(
    size=st.text(DIGITS, min_size=8, max_size=8).map("000{}".format),
    end=st.sampled_from(ENDS),
    ends=st.tuples(*[st.sampled_from(ENDS)] * 2).map(b"".join),
    name=st.binary(max_size=100).map(lambda name: bytes(byte & 0x7F for byte in name)),
)
@example("00077777777", b"\0", b"\0 ", b"\x7f" * 100)
def test_a_size_of_less_than_16_mib_is_read(size: str, end: bytes, ends: bytes, name: bytes) -> None:
    assert plain_size(proven(header(size.encode() + end, name), ends)) == int(size, 8)


@pytest.mark.parametrize("size", [1 << 24, (1 << 33) - 1])
def test_a_larger_size_is_left(size: int) -> None:
    assert plain_size(proven(header(b"%011o\0" % size))) < 0


@given(st.integers(-(1 << 17), 1 << 17).filter(bool))
@example(1)
@example(-1)
@example(255)
@example(65521)
def test_another_sum_is_not_proven(more: int) -> None:
    blank = header(b"00000000005\0")
    if 0 <= sum(blank) + more < 1 << 18:
        assert plain_size(proven(blank, more=more)) < 0


@given(at=st.integers(0, 511), byte=st.integers(0, 255))
def test_what_is_read_with_another_byte_somewhere_is_what_the_fields_say(at: int, byte: int) -> None:
    changed = bytearray(proven(header(b"00000012345\0")))
    changed[at] = byte
    size = plain_size(bytes(changed))
    if size >= 0:
        assert is_proven(bytes(changed))
        assert number(bytes(changed[SIZE])) == size


@given(field=st.binary(min_size=12, max_size=12) | st.text(DIGITS + "89 \0-_+", min_size=12, max_size=12))
@example("00000000008\0")
@example("  0000000012")
@example(b"\x80" + bytes(11))
@example("0x0000000012")
def test_a_field_is_read_as_a_number_or_left(field: bytes | str) -> None:
    data = proven(header(field if isinstance(field, bytes) else field.encode()))
    size = plain_size(data)
    if size >= 0:
        assert is_proven(data)
        assert number(data[SIZE]) == size


@pytest.mark.parametrize("place", [124, 126, 127, 128, 134, 135, 148, 153, 154, 155])
@pytest.mark.parametrize("byte", [0, 0x1F, 0x20, 0x2F, 0x38, 0x70, 0x80, 0xB0, 0xFF])
def test_nothing_else_than_digits_and_ends_is_taken(place: int, byte: int) -> None:
    changed = header(b"00000012345\0")
    if place < SUM.start:
        changed[place] = byte
        data = proven(changed)
    else:
        whole = bytearray(proven(changed))
        whole[place] = byte
        data = bytes(whole)
    is_end = place in (135, 154, 155) and byte in b" \0"
    assert (plain_size(data) >= 0) == is_end


def test_what_is_not_ascii_is_left() -> None:
    assert plain_size(proven(header(b"00000000005\0", "ж".encode()))) < 0


def test_a_number_that_is_none_is_corrupt() -> None:
    with pytest.raises(CorruptLayer):
        number(b"0000000000x\0")

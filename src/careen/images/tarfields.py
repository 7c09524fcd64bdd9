"""The fields of tar headers: numbers and names (POSIX.1-2017, "ustar Interchange Format"; GNU's base-256)."""

from contextlib import suppress
from typing import Final

from isal.isal_zlib import adler32

from careen.images.budgets import CorruptLayer

_ENDS: Final = frozenset(b" \0")
_LARGEST: Final = (1 << 63) - 1
_BLANK_FIELD: Final = sum(b" " * 8)  # the checksum's own field counts as blanks


def number(field: bytes) -> int:
    """Octal digits between spaces and NULs, or a big-endian number where the first bit is set.

    Raises CorruptLayer for anything else and for what no file can have: less than 0 or more than 63 bits.
    """
    digits = field[:-2] if field[-2:] == b"\0 " else field[:-1]  # a checksum ends with both
    if digits.isdigit() and field[-1] in _ENDS:  # as nearly every program writes it
        try:
            return int(digits, 8)
        except ValueError:
            pass
    return _odd_number(field)


def _odd_number(field: bytes) -> int:
    if field[0] & 0x80:
        return _base256(field)
    digits = field.strip(b" \0")
    if not digits.isdigit():
        digits = digits.partition(b"\0")[0]
        if not digits:
            return 0
    if digits.isdigit():
        with suppress(ValueError):  # 8 and 9
            return int(digits, 8)
    raise CorruptLayer(f"{field!r} is no number of a tar header")


def decimal(digits: bytes) -> int:
    """A number of a pax record; raises CorruptLayer."""
    if not digits.isdigit() or len(digits) > len(str(_LARGEST)):
        raise CorruptLayer(f"{digits[:40]!r} is not a number of a pax header")
    return int(digits)


def text(field: bytes) -> str:
    """A name up to its NUL; bytes that are not UTF-8 come escaped, since paths end in JSON and databases."""
    return field.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _base256(field: bytes) -> int:
    # The second bit is the sign, in two's complement.
    value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
    if field[0] & 0x40 or value > _LARGEST:
        raise CorruptLayer(f"{field!r} is no size or mode that a file can have")
    return value


def is_proven(header: bytes) -> bool:
    """Whether a header's checksum is that of its bytes; False, too, where not all of it is ASCII.

    An Adler-32 ends with the sum of all bytes and 1, modulo 65521, which 512 characters of ASCII do not
    reach; it is 20 times faster than `sum()`. To look up a sum that was seen before takes longer than to read
    its field anew. Raises CorruptLayer where there is no number.
    """
    if not header.isascii():
        return False
    field = header[148:156]
    return (adler32(header) & 0xFFFF) - (adler32(field) & 0xFFFF) == number(field) - _BLANK_FIELD

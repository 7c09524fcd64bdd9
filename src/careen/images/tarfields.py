"""The fields of tar headers: numbers and names (POSIX.1-2017, "ustar Interchange Format"; GNU's base-256)."""

from contextlib import suppress
from typing import Final

from isal import isal_zlib
from librt.strings import read_i64_be

from careen.images.budgets import CorruptLayer

_adler32: Final = isal_zlib.adler32  # mypyc looks up what is imported each time
_ENDS: Final = frozenset(b" \0")
_LARGEST: Final = (1 << 63) - 1
_BLANK_FIELD: Final = 8 * 0x20

# What leaves of octal digits their three bits, and of a blank or NUL behind them one at most; and what bits
# something else would leave.
_FOUR_DIGITS: Final = 0x30303030
_SEVEN_DIGITS: Final = 0x3030303030303000
_NO_SEVEN_DIGITS: Final = ~0x0707070707070720
_SIX_DIGITS: Final = 0x3030303030300000
_NO_SIX_DIGITS: Final = ~0x0707070707072020
_PAIRS: Final = 0x003F003F003F003F  # of digits, in 16 bits each
_FOURS: Final = 0x00000FFF00000FFF
_OF_SIX: Final = (1 << 18) - 1  # the number of so many digits
_OF_SEVEN: Final = (1 << 21) - 1
_SIX_ZEROS: Final = 6 * 0x30


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

    An Adler-32 ends with the sum of all bytes and 1, modulo 65521, which ASCII in a header does not reach; it
    is 20 times faster than `sum()`. Raises CorruptLayer where there is no number.
    """
    if not header.isascii():
        return False
    field = header[148:156]  # for the sum it is blank
    return (_adler32(header) & 0xFFFF) - (_adler32(field) & 0xFFFF) + _BLANK_FIELD == number(field)


def plain_size(header: bytes) -> int:
    """Bytes of the content; less than 0 where the header is not proven, or a number is written unusually.

    As `number` and `is_proven` have it, in a quarter of the time, and for less than 16 MiB: eight bytes are
    looked at as one number.
    """
    first = read_i64_be(header, 120) & 0xFFFFFFFF ^ _FOUR_DIGITS
    rest = read_i64_be(header, 128) ^ _SEVEN_DIGITS
    told = read_i64_be(header, 148) ^ _SIX_DIGITS
    if first > 7 or rest & _NO_SEVEN_DIGITS or told & _NO_SIX_DIGITS or not header.isascii():  # noqa: PLR2004 - a digit
        return -1
    pairs = (told | told >> 5) >> 16 & _PAIRS
    fours = (pairs | pairs >> 10) & _FOURS
    # Modulo 255 a byte's place does not matter: it is the sum of the field's own bytes.
    others = (_adler32(header) & 0xFFFF) - 1 - told % 255 - _SIX_ZEROS
    if others + _BLANK_FIELD != (fours | fours >> 20) & _OF_SIX:
        return -1
    pairs = (rest | rest >> 5) >> 8 & _PAIRS
    fours = (pairs | pairs >> 10) & _FOURS
    return first << 21 | (fours | fours >> 20) & _OF_SEVEN

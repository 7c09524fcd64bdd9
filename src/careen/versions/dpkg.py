"""Debian's versions: deb-version(7), ordered as dpkg does (lib/dpkg/version.c).

The key is the epoch, the upstream version and the revision, one after the other. The last two are runs of
characters that are no digits, each followed by a number; a run ends with U+0002, which stands above `~`
(U+0001) and below letters, and those stand below everything else. An empty run in place of another one
ends the part, so no key is the beginning of another.
"""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "dpkg"

_UPSTREAM = re.compile(r"[A-Za-z0-9.+~:-]+")
_REVISION = re.compile(r"[A-Za-z0-9.+~]+")
_EPOCH = re.compile(r"[0-9]{1,10}")
_LARGEST_EPOCH = 2**31 - 1  # dpkg keeps it in an int
_RUN_AND_DIGITS = re.compile(r"([^0-9]*)([0-9]*)")
_ABOVE_LETTERS = {char: chr(0x80 + order) for order, char in enumerate("+-.:")}
_ORDER = str.maketrans({"~": "\x01", **_ABOVE_LETTERS})


def key(text: str) -> bytes:
    """A version may begin with a letter: dpkg warns of that, and orders it all the same."""
    epoch, upstream, revision = _split(text)
    return (number(epoch) + _part(upstream) + _part(revision)).encode()


def _split(text: str) -> tuple[str, str, str]:
    epoch, _, rest = text.partition(":") if ":" in text else ("0", "", text)
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    valid = (
        len(text) <= LONGEST
        and _EPOCH.fullmatch(epoch)
        and int(epoch) <= _LARGEST_EPOCH
        and _UPSTREAM.fullmatch(upstream)
        and _REVISION.fullmatch(revision)
    )
    if not valid:
        raise InvalidVersion.of(text, NAME)
    return epoch, upstream, revision


def _part(text: str) -> str:
    # The last match is always empty, and marks the end.
    return "".join(
        run.translate(_ORDER) + "\x02" + number(digits) for run, digits in _RUN_AND_DIGITS.findall(text)
    )

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

_VERSION = re.compile(
    r"(?:(?P<epoch>[0-9]{1,10}):|(?!.*:))"
    r"(?:(?P<upstream>[A-Za-z0-9.+~:-]+)-(?P<revision>[A-Za-z0-9.+~]+)|(?P<native>[A-Za-z0-9.+~:]+))"
)
_LARGEST_EPOCH = 2**31 - 1  # dpkg keeps it in an int
_RUN_AND_DIGITS = re.compile(r"([^0-9]*)([0-9]*)")
_ABOVE_LETTERS = {char: chr(0x80 + order) for order, char in enumerate("+-.:")}
_ORDER = str.maketrans({"~": "\x01", **_ABOVE_LETTERS})


def key(text: str) -> bytes:
    """A version may begin with a letter: dpkg warns of that, and orders it all the same."""
    version = _VERSION.fullmatch(text) if len(text) <= LONGEST else None
    if version is None:
        raise InvalidVersion.of(text, NAME)
    epoch, upstream, revision, native = version.groups()
    if epoch and int(epoch) > _LARGEST_EPOCH:
        raise InvalidVersion.of(text, NAME)
    return (number(epoch or "") + _part(upstream or native) + _part(revision or "0")).encode()


def _part(text: str) -> str:
    # The last match is always empty, and marks the end.
    found = _RUN_AND_DIGITS.findall(text.translate(_ORDER))
    return "".join([f"{run}\x02{number(digits)}" for run, digits in found])

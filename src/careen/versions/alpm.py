"""Pacman's versions: [epoch:]version[-release], ordered as vercmp(8) does (pacman, lib/libalpm/version.c).

Version and release are runs of digits and runs of letters; all else parts them, and how many characters
do so counts too: `1.0` is before `1.0.1`, and that before `1.0..1`. The key has a character for what follows,
in the order below, and then its value. A token of the end closes each part, so no key is the beginning of
another.

vercmp finds a version without a release equal to each of its releases, and one that ends with a separator
above and below the same others; no key can agree with that. Here a missing release is 1, the one that
makepkg gives first, and a separator at the end makes a version just higher.
"""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "alpm"

_LETTERS, _END, _SEPARATED_END, _NUMBER = "\1\2\3\4"
_SEPARATORS = 5  # and more: their count goes to the code point
_FIRST_RELEASE = "1"

_VERSION = re.compile(r"(?:([0-9]*+):)?+([!-~]+?)(?:-([!-,.-~]*))?")
_TOKEN = re.compile(r"(?P<separators>[^A-Za-z0-9]*)(?:(?P<letters>[A-Za-z]+)|(?P<number>[0-9]+)|$)")


def key(text: str) -> bytes:
    version = _VERSION.fullmatch(text) if len(text) <= LONGEST else None
    if version is None:
        raise InvalidVersion.of(text, NAME)
    epoch, upstream, release = version.groups()
    parts = (_part(upstream), _part(_FIRST_RELEASE if release is None else release))
    return (number(epoch or "0") + "".join(parts)).encode()


def _part(text: str) -> str:
    # The last match is always at the end.
    return "".join(map(_token, _TOKEN.finditer(text)))


def _token(token: re.Match[str]) -> str:
    separators = len(token["separators"])
    if token["letters"]:
        begins = chr(_SEPARATORS + separators) if separators else ""
        return f"{begins}{_LETTERS}{token['letters']}\0"
    if token["number"]:
        begins = chr(_SEPARATORS + separators) if separators else ""
        return begins + _NUMBER + number(token["number"])
    return _SEPARATED_END if separators else _END

"""Alpine's versions: apk-package(5), ordered as apk-tools 3 does (src/version.c).

    number {.number} [letter] {_suffix [number]} [~hash] [-r number]

The key is a character for the kind of each token and then its value; a token of the end closes it, so no
key is the beginning of another. Where two versions differ in the kind of a token, apk-tools ranks the kinds
as below: a suffix of a pre-release is below the end of the version, all others are above it.

apk-tools 2 also allowed numbers after the letter, and releases up to 3.16 have such packages (libretls
3.3.3p1-r2 in the base image of 3.14); they keep the order that they had there.
"""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "apk"

_BEFORE, _END, _REVISION, _HASH, _SUFFIX_NUMBER, _AFTER, _LETTER, _COMPONENT = "\1\2\3\4\5\6\7\10"
_SUFFIXES = {
    **{name: _BEFORE + chr(order) for order, name in enumerate(("alpha", "beta", "pre", "rc"))},
    **{name: _AFTER + chr(order) for order, name in enumerate(("cvs", "svn", "git", "hg", "p"))},
}
_VERSION = re.compile(
    r"[0-9]+(?:\.[0-9]+)*(?:[a-z][0-9]+(?:\.[0-9]+)*)*[a-z]?"
    rf"(?:_(?:{'|'.join(_SUFFIXES)})[0-9]*)*"
    r"(?:~[0-9a-f]+)?(?:-r[0-9]+)?"
)
_TOKEN = re.compile(
    r"_(?P<suffix>[a-z]+)(?P<suffix_number>[0-9]*)|~(?P<hash>[0-9a-f]+)|-r(?P<revision>[0-9]+)"
    r"|\.(?P<component>[0-9]+)|(?P<letter>[a-z])|(?P<number>[0-9]+)"
)


def key(text: str) -> bytes:
    """Numbers are of any size here; those of apk-tools wrap around at 64 bits."""
    if len(text) > LONGEST or not _VERSION.fullmatch(text):
        raise InvalidVersion.of(text, NAME)
    return "".join([*map(_token, _TOKEN.finditer(text)), _END]).encode()


def _token(token: re.Match[str]) -> str:
    match token.lastgroup:
        case "suffix_number":
            digits = token["suffix_number"]
            return _SUFFIXES[token["suffix"]] + (_SUFFIX_NUMBER + number(digits) if digits else "")
        case "hash":
            return _HASH + token["hash"] + "\0"
        case "revision":
            return _REVISION + number(token["revision"])
        case "component":
            return _COMPONENT + _component(token["component"])
        case "letter":
            return _LETTER + token["letter"]
        case _:
            return _COMPONENT + number(token["number"])


def _component(digits: str) -> str:
    """After a dot, a number that begins with 0 is below all others and is ordered as text."""
    return f"\0{digits}\0" if digits.startswith("0") else number(digits)

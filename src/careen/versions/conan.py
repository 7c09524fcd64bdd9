"""Conan's versions: those of Conan 2 (conans/model/version.py).

    item {.item} [- item {.item}] [+ item {.item}]

Zeros at the end count for nothing; a pre-release is below the release, and a build above that without.

Conan compares items that are numbers as such and all others as text, which has cycles
(`9 < 10 < 10a < 9`). Here an item is ordered by the number that it begins with, and then by the rest.
"""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "conan"

_VERSION = re.compile(r"(?P<items>[!-*,.-~]+)(?:-(?P<pre>[!-*,-~]*))?(?:\+(?P<build>[!-~]*))?")
_LEAD = re.compile(r"([0-9]*+)(.*)")

_END, _ITEM = "\0", "\1"
_BELOW_DIGITS, _DIGITS, _ABOVE_DIGITS = "\1\2\3"
_PRERELEASE, _RELEASED = "\1\2"
_PLAIN, _BUILT = "\1\2"


def key(text: str) -> bytes:
    version = _VERSION.fullmatch(text) if len(text) <= LONGEST else None
    if version is None:
        raise InvalidVersion.of(text, NAME)
    items, pre, build = version.groups()
    stage = _RELEASED if pre is None else _PRERELEASE + _items(pre)
    return (_items(items) + stage + (_PLAIN if build is None else _BUILT + _items(build))).encode()


def _items(text: str) -> str:
    items = text.split(".")
    while items and items[-1].isdigit() and not items[-1].strip("0"):
        items.pop()
    return "".join(_ITEM + _item(item) for item in items) + _END


def _item(text: str) -> str:
    lead = _LEAD.fullmatch(text)
    assert lead
    digits, rest = lead.groups()
    if digits:
        return f"{_DIGITS}{number(digits)}{rest}\0"
    return (_ABOVE_DIGITS if rest > ":" else _BELOW_DIGITS) + rest + "\0"

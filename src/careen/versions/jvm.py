"""Versions of Java's virtual machine: openjdk.org/jeps/223, and those before it.

    number {.number} [- pre-release] [+ build]            17.0.9+9, 9.0.0-ea
    1.number[.number] [_ update] [- pre-release] [- b build]   1.8.0_302-b08, which is 8.0.302+8

The key is semver's; a build says nothing of the order. An update may also be written `-update302`.
"""

import re

from careen.versions._semantic import prerelease, release
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "jvm"

_VERSION = re.compile(
    r"(?P<release>[0-9]++(?:\.[0-9]++)*+)(?:(?:_|[_-]update_?)(?P<update>[0-9]++))?"
    r"(?:-(?P<pre>[0-9A-Za-z]++(?:\.[0-9A-Za-z]++)*+))?(?:[+-][0-9A-Za-z.+-]+)?"
)
_OLD = "1."  # what versions before JEP 223 begin with
_NUMBERS = 3
_OLD_BUILD = re.compile(r"b[0-9]")


def key(text: str) -> bytes:
    version = _VERSION.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if version is None:
        raise InvalidVersion.of(text, NAME)
    numbers, pre = version["release"], version["pre"] or ""
    is_old = numbers.startswith(_OLD)
    if (is_old or version["update"]) and _OLD_BUILD.match(pre):
        pre = ""
    parts = numbers.removeprefix(_OLD).split(".")
    if version["update"]:
        parts = _with_update(parts, version["update"])
    elif is_old:
        parts = parts[: _NUMBERS - 1]  # the third number was always 0
    return (release(".".join(parts)) + prerelease(pre)).encode()


def _with_update(parts: list[str], update: str) -> list[str]:
    """The update takes the place of a third number that is 0 or missing."""
    padded = [*parts, *["0"] * (_NUMBERS - len(parts))]
    return (
        [*padded[: _NUMBERS - 1], update, *padded[_NUMBERS:]]
        if not padded[_NUMBERS - 1].strip("0")
        else parts
    )

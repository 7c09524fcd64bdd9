"""Composer's versions: normalised as composer/semver's VersionParser does, ordered as PHP's version_compare.

    [v] number {.number} [stability [number {.number}]] [dev] [+build] [@stability]

The key has a token for each word and number. A word of a pre-release is below the end of the version, numbers
and patches are above it; so no key is the beginning of another. A branch with numbers (`1.2.x-dev`) is above
all of its releases. A branch with a name (`dev-main`) has no order, and is refused. What VersionParser
refuses though it begins with a number (`1.5.1.dev100`, `3.1.0.post1`) is ordered as PHP does with its words,
as OSV has it.
"""

import re
from collections.abc import Sequence

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "composer"

_UNKNOWN, _DEV, _ALPHA, _BETA, _RC, _END, _NUMBER, _PATCH = "\0\1\2\3\4\5\6\7"
_STABILITIES = {
    "alpha": _ALPHA,
    "a": _ALPHA,
    "beta": _BETA,
    "b": _BETA,
    "rc": _RC,
    "patch": _PATCH,
    "pl": _PATCH,
    "p": _PATCH,
}
_NUMBERS = 4
_OPEN = "9999999"  # the number that a branch leaves open

_TAIL = (
    r"[._-]?(?:(?P<word>stable|beta|b|rc|alpha|a|patch|pl|p)(?P<count>(?:[.-]?[0-9]++)*+))?(?P<dev>[.-]?dev)?"
)
_DATE = re.compile(
    rf"v?(?P<numbers>[0-9]{{4}}(?:[.:-]?[0-9]{{2}}){{1,6}}(?:[.:-]?[0-9]{{1,3}}){{0,2}}){_TAIL}",
    re.IGNORECASE,
)
_SHORT = re.compile(rf"v?(?P<numbers>[0-9]{{1,5}}(?:\.[0-9]+){{0,3}}){_TAIL}", re.IGNORECASE)
_LONG = re.compile(rf"v?(?P<numbers>[0-9]{{6,}}(?:\.[0-9]+){{0,3}}){_TAIL}", re.IGNORECASE)
_BRANCH = re.compile(r"v?(?P<numbers>[0-9]+(?:\.(?:[0-9]+|[x*])){0,3})[.-]?dev", re.IGNORECASE)
_FLAG = re.compile(r"@(?:stable|rc|beta|alpha|dev)$", re.IGNORECASE)
_BUILD = re.compile(r"\+\S+$")
_OTHER = re.compile(r"v?(?P<numbers>[0-9]++(?:[._-][0-9]++)*+)(?P<rest>[0-9A-Za-z._+~-]*)", re.ASCII)
# What a word begins with, in the order in which PHP looks (ext/standard/versioning.c).
_WORDS = (("dev", _DEV), ("a", _ALPHA), ("b", _BETA), ("RC", _RC), ("rc", _RC), ("p", _PATCH))


def key(text: str) -> bytes:
    if len(text) > LONGEST:
        raise InvalidVersion.of(text, NAME)
    version = _BUILD.sub("", _FLAG.sub("", text.strip()))
    if release := _SHORT.fullmatch(version):
        return _key(_padded(release["numbers"].split("."), "0"), _stability(release))
    if date := _DATE.fullmatch(version):
        return _key(re.split("[.:-]", date["numbers"]), _stability(date))
    if release := _LONG.fullmatch(version):
        return _key(_padded(release["numbers"].split("."), "0"), _stability(release))
    if branch := _BRANCH.fullmatch(version):
        numbers = [_OPEN if each in "xX*" else each for each in branch["numbers"].split(".")]
        return _key(_padded(numbers, _OPEN), _DEV)
    if other := _OTHER.fullmatch(version):
        tokens = re.findall("[0-9]+|[A-Za-z]+", other["rest"])
        return _key(_padded(re.split("[._-]", other["numbers"]), "0"), "".join(map(_token, tokens)))
    raise InvalidVersion.of(text, NAME)


def _token(text: str) -> str:
    if text.isdigit():
        return _NUMBER + number(text)
    return next((rank for beginning, rank in _WORDS if text.startswith(beginning)), _UNKNOWN)


def _padded(numbers: Sequence[str], filler: str) -> Sequence[str]:
    return [*numbers, *[filler] * (_NUMBERS - len(numbers))]


def _stability(version: re.Match[str]) -> str:
    word = (version["word"] or "").lower()
    if not word:
        return _DEV if version["dev"] else ""
    if word == "stable":
        return ""
    counts = "".join(_NUMBER + number(digits) for digits in re.findall("[0-9]+", version["count"]))
    return _STABILITIES[word] + counts + (_DEV if version["dev"] else "")


def _key(numbers: Sequence[str], tail: str) -> bytes:
    return ("".join(_NUMBER + number(digits) for digits in numbers) + tail + _END).encode()

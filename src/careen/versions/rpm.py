"""RPM's versions: [epoch:]version[-release], ordered as rpm does (rpm-version(7), rpmvercmp.c, rpmver.c).

Version and release are runs of letters and runs of digits; everything else only parts them, but for `~` and
`^`. The key is the epoch and then a character for the kind of each token and its value: where the kinds of
two tokens differ, they rank as below. A token of the end closes each part, so no key is the beginning of
another. A missing epoch is 0; a missing release is below every other one, as rpmVersionCompare() has it, so
`1.2` is before `1.2-1` and an installed `1.2-1` is not before a fix in `1.2`. A colon ends an epoch where
only digits stand before it, as in rpm's parseEVR(); elsewhere it is a character as others are.
"""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "rpm"

_TILDE, _END, _CARET, _LETTERS, _NUMBER = "\1\2\3\4\5"
_NO_RELEASE = "\0"

_VERSION = re.compile(r"(?:([0-9]{1,10}):)?+((?![0-9]*:)[^\s-]+)(?:-([^\s-]*))?")
_LARGEST_EPOCH = 2**32 - 1  # a header keeps it in an unsigned int
_TOKEN = re.compile(r"~|\^|[A-Za-z]+|[0-9]+")
_SIGNS = {"~": _TILDE, "^": _CARET}


def key(text: str) -> bytes:
    """Neither version nor release can hold a `-`: what has more is a package's name with its version."""
    match = _match(text)
    return _key(match[1] or "0", match)


def source_key(text: str) -> bytes:
    """A source rpm has an epoch that its file's name does not say: none is compared."""
    return _key("0", _match(text))


def _match(text: str) -> re.Match[str]:
    match = _VERSION.fullmatch(text) if len(text) <= LONGEST else None
    if match is None or int(match[1] or "0") > _LARGEST_EPOCH:
        raise InvalidVersion.of(text, NAME)
    return match


def _key(epoch: str, match: re.Match[str]) -> bytes:
    return (number(epoch) + _part(match[2]) + _release(match[3])).encode()


def _release(text: str | None) -> str:
    return _NO_RELEASE if text is None else _part(text)


def _part(text: str) -> str:
    return "".join([_token(each) for each in _TOKEN.findall(text)]) + _END


def _token(text: str) -> str:
    if text[0].isdigit():
        return _NUMBER + number(text)
    return _SIGNS.get(text) or f"{_LETTERS}{text}\0"

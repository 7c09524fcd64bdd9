"""Python's versions from before PEP 440, ordered as setuptools did (packaging 21, LegacyVersion).

OSV's evaluation of PyPI orders them so, and places each below every version that PEP 440 knows.
"""

import re

_TEXT = re.compile(r"v?[0-9][a-z0-9.,:_+!~*-]*", re.ASCII)
_PART = re.compile(r"([0-9]+|[a-z]+|\.|-)")
_READ_AS = {"pre": "c", "preview": "c", "-": "final-", "rc": "c", "dev": "@"}
_DIGITS = 8  # to which numbers are filled up: larger ones are compared as text, there as here
_ZERO = "0" * _DIGITS
_DASH, _FINAL = "*final-", "*final"
_END = "\0"


def key(text: str) -> str | None:
    """`text` in small letters; None for what does not begin as a version (`unknown`, `${version}`)."""
    if not _TEXT.fullmatch(text):
        return None
    parts: list[str] = []
    for part in (*filter(None, map(_part, _PART.split(text))), _FINAL):
        if part.startswith("*"):
            while part < _FINAL and parts and parts[-1] == _DASH:
                parts.pop()
            while parts and parts[-1] == _ZERO:
                parts.pop()
        parts.append(part)
    return "".join([part + _END for part in parts]) + _END


def _part(text: str) -> str:
    if text[:1].isdigit():
        return text.zfill(_DIGITS)
    return "*" + _READ_AS.get(text, text) if text not in ("", ".") else ""

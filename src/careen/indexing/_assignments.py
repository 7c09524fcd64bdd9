"""Shell-like assignments, NAME=VALUE a line, as os-release(5) has them."""

import re

_ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*')
_SINGLE = re.compile(r"'([^']*)'\s*")
_ESCAPED = re.compile(r'\\(["$`\\])')


def assignments(text: str) -> dict[str, str]:
    """By name; of a name said twice the last counts, as in a shell. Other lines are passed over."""
    found = (_ASSIGNMENT.fullmatch(line.strip()) for line in text.split("\n"))
    return {match[1]: _unquoted(match[2]) for match in found if match is not None}


def _unquoted(value: str) -> str:
    if match := _DOUBLE.fullmatch(value):
        return _ESCAPED.sub(r"\1", match[1])
    if match := _SINGLE.fullmatch(value):
        return match[1]
    return re.sub(r"\\(.)", r"\1", value.strip())

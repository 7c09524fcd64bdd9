"""The parts of a key that semver.org's descendants share: numbers of a release, identifiers with dots."""

from careen.versions._number import number

_END = "\0"
_NUMBER, _WORD = "\1", "\2"  # numbers are below words
_RELEASED = "\3"  # above every pre-release


def release(numbers: str) -> str:
    """Of numbers with dots between them; those that are missing at the end are zeros."""
    significant = numbers.split(".")
    while significant and not significant[-1].strip("0"):
        significant.pop()
    return "".join(_NUMBER + number(digits) for digits in significant) + _END


def prerelease(identifiers: str, largest: int | None = None) -> str:
    """Of identifiers with dots between them; "" is no pre-release. Digits beyond `largest` are a word."""
    return build(identifiers, largest) if identifiers else _RELEASED


def build(identifiers: str, largest: int | None = None) -> str:
    """Of identifiers with dots between them; "" is below all of them."""
    each = identifiers.split(".") if identifiers else ()
    return "".join(_identifier(one, largest) for one in each) + _END


def _identifier(text: str, largest: int | None) -> str:
    if text.isdigit() and (largest is None or int(text) <= largest):
        return _NUMBER + number(text)
    return f"{_WORD}{text}{_END}"

"""No regular expression of careen's takes more than linear time, whatever is repeated in what it is given."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from re import _constants as codes  # the parser of re itself
from re import _parser as parser
from types import ModuleType
from typing import Any

import pytest

import careen

PACKAGES = ("indexing", "images", "versions", "model", "registry", "api", "auth", "matching")
LENGTH = 20_000  # characters; what is quadratic takes seconds then
LONGEST = 1.0  # seconds of CPU
ENDS = ("", "\x01", "!\n")
CHARACTERS = [*map(ord, "a0A -._/:x9b\n\t~+=\xff\"<>'"), *range(128)]
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(careen.__path__, "careen."):
        if found.name.split(".")[1] in PACKAGES:
            yield importlib.import_module(found.name)


def within(value: object, depth: int = 0) -> Iterator["re.Pattern[Any]"]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 3 and isinstance(value, dict | list | tuple | set | frozenset):
        for each in value.values() if isinstance(value, dict) else value:
            yield from within(each, depth + 1)
    elif depth < 3 and hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for name in value.__dataclass_fields__:
            yield from within(getattr(value, name, None), depth + 1)


PATTERNS = sorted(
    {pattern for module in modules() for value in vars(module).values() for pattern in within(value)},
    key=lambda pattern: (str(pattern.pattern), pattern.flags),
)


def parts(code: Any, value: Any) -> list[Any]:
    """What is nested in a node of a parsed pattern."""
    if code in REPEATS:
        return [value[2]]
    if code is codes.SUBPATTERN:
        return [value[3]]
    if code is codes.BRANCH:
        return list(value[1])
    return [value] if code is codes.ATOMIC_GROUP else []


def repeated(tree: Any) -> Iterator[Any]:
    for code, value in tree:
        if code in REPEATS and value[1] > 50:
            yield value[2]
        for part in parts(code, value):
            yield from repeated(part)


def holds(tree: Any, wanted: Any) -> bool:
    return tree is wanted or any(holds(part, wanted) for node in tree for part in parts(*node))


def example(tree: Any, pumped: Any) -> str:
    """A text that the pattern matches, with `pumped` many times in it."""
    return "".join(_text(code, value, pumped) for code, value in tree)


def _text(code: Any, value: Any, pumped: Any) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.NOT_LITERAL:
        return "b" if value == ord("a") else "a"
    if code is codes.IN:
        return chr(next(char for char in CHARACTERS if _is_in(value, char)))
    if code in REPEATS:
        least, most, inner = value
        count = min(LENGTH, int(most)) if inner is pumped else max(int(least), holds(inner, pumped))
        return example(inner, pumped) * count
    if code is codes.BRANCH:
        return example(next((each for each in value[1] if holds(each, pumped)), value[1][0]), pumped)
    inner = parts(code, value)
    return example(inner[0], pumped) if inner else "a" * (code is codes.ANY)


def _is_in(items: Any, char: int) -> bool:
    text = "[" + "".join("^" if code is codes.NEGATE else _item(code, value) for code, value in items) + "]"
    return re.fullmatch(text, chr(char)) is not None


def _item(code: Any, value: Any) -> str:
    if code is codes.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    if code is codes.CATEGORY:
        name = str(value).removeprefix("CATEGORY_")
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.removeprefix("NOT_")]
        return "\\" + (letter.upper() if name.startswith("NOT_") else letter)
    return re.escape(chr(value))


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: repr(pattern.pattern)[:60])
def test_repetition_is_matched_in_linear_time(pattern: "re.Pattern[Any]") -> None:
    written = pattern.pattern
    is_text = isinstance(written, str)
    flags = pattern.flags if is_text else pattern.flags & ~re.UNICODE
    tree = parser.parse(written if is_text else written.decode("latin-1"), flags)
    for pumped in repeated(tree):
        whole = example(tree, pumped)[: 4 * LENGTH]
        for text in {each + end for each in (whole, whole[: -len(whole) // 50 or None]) for end in ENDS}:
            given = text if is_text else text.encode("latin-1", "replace")
            began = time.process_time()
            pattern.match(given)
            pattern.fullmatch(given)
            assert time.process_time() - began < LONGEST, text[:80]


def test_the_patterns_were_found() -> None:
    assert len(PATTERNS) > 150

"""Regular expressions of lifecycle policies, which name tags (github.com/google/re2/wiki/Syntax).

RE2 takes time in proportion to the expression and the tag, however they are made. Both are whatever somebody
writes, and there may be many of both, so size and time have an end here.
"""

import time
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

import re2

from careen.errors import Exhausted, Invalid

_PROGRAM_BYTES = 2 << 20  # of each expression that is kept compiled
_MOST_SECONDS = 20.0  # of CPU, for all expressions of a policy and all tags of its repository


class TooSlow(Exhausted):
    def __init__(self) -> None:
        super().__init__(f"The policy's expressions need more than {_MOST_SECONDS:.0f} seconds for the tags")


def check(expression: str) -> None:
    """Raises Invalid for one that RE2 does not know, or that is too large."""
    _compiled(expression)


def named(expressions: Sequence[str], tags: Collection[str]) -> list[AbstractSet[str]]:
    """For each expression those of the tags that it matches as a whole; none for "".

    Raises Invalid and TooSlow.
    """
    end = time.thread_time() + _MOST_SECONDS
    found: dict[str, AbstractSet[str]] = {"": frozenset()}
    for expression in expressions:
        if expression not in found:
            found[expression] = _matched(_compiled(expression), tags, end)
    return [found[expression] for expression in expressions]


def _matched(compiled: Any, tags: Collection[str], end: float) -> AbstractSet[str]:  # noqa: ANN401
    matched = set()
    for tag in tags:
        if compiled.fullmatch(tag) is not None:
            matched.add(tag)
        if time.thread_time() > end:
            raise TooSlow
    return matched


@lru_cache(maxsize=128)
def _compiled(expression: str) -> Any:  # noqa: ANN401 - re2 has no annotations
    options = re2.Options()
    options.log_errors = False  # it writes to the process' stderr, once for each tag if need be
    options.max_mem = _PROGRAM_BYTES
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise Invalid(f"is no regular expression that RE2 knows: {told}") from error

"""apk's keys against a comparator that reads both versions token by token, as apk-tools 3 does."""

import re
from dataclasses import dataclass
from enum import IntEnum

from hypothesis import given
from hypothesis import strategies as st

from careen.versions import apk

NUMBERS = st.one_of(
    st.sampled_from(["0", "1", "2", "9", "10", "00", "01", "010"]), st.integers(0, 2**63).map(str)
)
SUFFIXES = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"]
SUFFIX = st.builds(
    "_{}{}".format, st.sampled_from([name for name in SUFFIXES if name]), st.just("") | NUMBERS
)


def optional(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), text)


VERSIONS = st.tuples(
    st.lists(NUMBERS, min_size=1, max_size=4).map(".".join),
    optional(st.sampled_from(["a", "b", "p", "z", "p0", "p1", "p01", "p1.0", "p1b"])),
    st.lists(SUFFIX, max_size=2).map("".join),
    optional(st.sampled_from(["~0", "~12", "~ab", "~abc"])),
    optional(NUMBERS.map("-r{}".format)),
).map("".join)


class Kind(IntEnum):
    FIRST = 0
    NUMBER = 1
    LETTER = 2
    SUFFIX = 3
    SUFFIX_NUMBER = 4
    HASH = 5
    REVISION = 6
    END = 7


@dataclass(frozen=True)
class Token:
    kind: Kind
    text: str = ""

    @property
    def is_before_release(self) -> bool:
        return self.kind is Kind.SUFFIX and SUFFIXES.index(self.text) < SUFFIXES.index("")


LEXER = (
    (Kind.HASH, re.compile(r"~([0-9a-f]+)")),
    (Kind.SUFFIX, re.compile(r"_([a-z]+)")),
    (Kind.REVISION, re.compile(r"-r([0-9]+)")),
    (Kind.NUMBER, re.compile(r"\.?([0-9]+)")),
    (Kind.LETTER, re.compile(r"([a-z])")),
)


def tokens(version: str) -> list[Token]:
    """The version in its tokens; the token before it says what a number is."""
    found: list[Token] = []
    at = 0
    while at < len(version):
        kind, match = next((kind, match) for kind, form in LEXER if (match := form.match(version, at)))
        if kind is Kind.NUMBER and not found:
            kind = Kind.FIRST
        elif kind is Kind.NUMBER and found[-1].kind is Kind.SUFFIX:
            kind = Kind.SUFFIX_NUMBER
        text = match[1]
        if kind is Kind.NUMBER and found[-1].kind is Kind.LETTER:
            text = str(int(text))  # apk-tools 2: only after a dot a leading zero means anything
        found.append(Token(kind, text))
        at = match.end()
    return [*found, Token(Kind.END)]


def compare(left: str, right: str) -> int:
    """Below 0, 0 or above 0, as `apk version -t` says `<`, `=` or `>`."""
    for token, other in zip(tokens(left), tokens(right), strict=False):
        if token.kind is not other.kind:
            if token.is_before_release or other.is_before_release:
                return -1 if token.is_before_release else 1
            return other.kind - token.kind
        order = compare_tokens(token, other)
        if order:
            return order
    return 0


def compare_tokens(token: Token, other: Token) -> int:
    left, right = token.text, other.text
    match token.kind:
        case Kind.END:
            return 0
        case Kind.SUFFIX:
            return SUFFIXES.index(left) - SUFFIXES.index(right)
        case Kind.LETTER | Kind.HASH:
            return (left > right) - (left < right)
        case Kind.NUMBER if left.startswith("0") or right.startswith("0"):
            return (left > right) - (left < right)
        case _:
            return int(left) - int(right)


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


@given(VERSIONS, VERSIONS)
def test_keys_order_as_the_tokens_do(left: str, right: str) -> None:
    key, other = apk.key(left), apk.key(right)
    assert (key > other) - (key < other) == sign(compare(left, right))

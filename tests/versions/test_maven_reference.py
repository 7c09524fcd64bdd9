"""Maven's keys against ComparableVersion of Maven 3.8.7, transcribed, where that order has no cycles."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from careen.versions import maven

QUALIFIERS = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"]
ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
LETTERS = {"a": "alpha", "b": "beta", "m": "milestone"}

NUMBERS = st.one_of(st.sampled_from(["0", "0", "1", "2", "10", "01"]), st.integers(0, 10**20).map(str))
WORDS = st.sampled_from(
    ["a", "b", "m", "alpha", "Beta", "RC", "cr", "Final", "ga", "RELEASE", "SNAPSHOT", "sp", "jre", "x"]
)
QUALIFIED = st.tuples(st.sampled_from([".", "-", ""]), WORDS, st.one_of(st.just(""), NUMBERS)).map("".join)
IN_CYCLES = re.compile(r"\.[A-Za-z]+-")  # a word between a dot and a hyphen, as `maven` tells
VERSIONS = (
    st.tuples(
        st.lists(NUMBERS, min_size=1, max_size=4).map(".".join),
        st.one_of(st.just(""), QUALIFIED),
        st.sampled_from(["", "", "-SNAPSHOT", "-1", "-2.1"]),
    )
    .map("".join)
    .filter(lambda version: not IN_CYCLES.search(version))
)

Item = int | str | list["Item"]


def parse(version: str) -> list[Item]:  # noqa: C901, PLR0912, PLR0915 - as it stands in Java
    """ComparableVersion.parseVersion of versions that begin with a digit, and end with no separator."""
    text = version.lower()
    root: list[Item] = []
    opened = [root]

    def nest() -> None:
        inner: list[Item] = []
        opened[-1].append(inner)
        opened.append(inner)

    def add_word(word: str, *, is_before_digit: bool) -> None:
        word = LETTERS.get(word, word) if is_before_digit else word
        opened[-1].append(ALIASES.get(word, word))

    start, is_digit = 0, False
    for at, character in enumerate(text):
        piece = text[start:at]
        if character in ".-":
            if is_digit or not piece:
                opened[-1].append(int(piece or 0))
            else:
                add_word(piece, is_before_digit=False)
            start = at + 1
            if character == "-":
                nest()
        elif character.isdigit():
            if not is_digit and piece:
                if opened[-1]:
                    nest()
                add_word(piece, is_before_digit=True)
                start = at
                nest()
            is_digit = True
        else:
            if is_digit and piece:
                opened[-1].append(int(piece))
                start = at
                nest()
            is_digit = False
    if is_digit:
        opened[-1].append(int(text[start:]))
    else:
        if opened[-1]:
            nest()
        add_word(text[start:], is_before_digit=False)
    for items in reversed(opened):
        normalise(items)
    return root


def normalise(items: list[Item]) -> None:
    for at in reversed(range(len(items))):
        if items[at] in (0, "", []):
            del items[at]
        elif not isinstance(items[at], list):
            break


def compare_item(one: Item, other: Item | None) -> int:  # noqa: C901 - a table of kinds
    match one, other:
        case int(), None:
            return sign(one)
        case int(), int(number):
            return sign(one - number)
        case int(), _:
            return 1
        case str(), None:
            return order(rank(one), rank(""))
        case str(), str(word):
            return order(rank(one), rank(word))
        case str(), _:
            return -1
        case list(), None:
            return next((found for item in one if (found := compare_item(item, None))), 0)
        case list(), int():
            return -1
        case list(), str():
            return 1
        case list(), list(items):
            return compare_lists(one, items)
    raise AssertionError


def compare_lists(left: list[Item], right: list[Item]) -> int:
    for one, other in itertools.zip_longest(left, right):
        found = compare_item(one, other) if one is not None else -compare_item(other, None)
        if found:
            return found
    return 0


def rank(word: str) -> str:
    return str(QUALIFIERS.index(word)) if word in QUALIFIERS else f"{len(QUALIFIERS)}-{word}"


def order(one: str, other: str) -> int:
    return (one > other) - (one < other)


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


@given(VERSIONS, VERSIONS)
def test_keys_order_as_comparable_version_does(left: str, right: str) -> None:
    key, other = maven.key(left), maven.key(right)
    assert (key > other) - (key < other) == compare_lists(parse(left), parse(right))


def test_the_order_of_maven_has_a_cycle_in_which_a_pre_release_counts_as_one() -> None:
    cycle = ["1", "1-1", "1.0.alpha.1", "1"]
    assert all(compare_lists(parse(low), parse(high)) < 0 for low, high in itertools.pairwise(cycle))
    assert maven.key("1.0.alpha.1") < maven.key("1") < maven.key("1-1")

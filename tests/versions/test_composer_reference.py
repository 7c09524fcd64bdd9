"""Composer's keys against PHP's version_compare of the versions that Composer normalises, transcribed."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from careen.versions import composer

FORMS = ["dev", "alpha", "beta", "RC", "#", "p"]
EXPANDED = {"a": "alpha", "b": "beta", "rc": "RC", "p": "patch", "pl": "patch"}

NUMBERS = st.one_of(st.sampled_from(["0", "1", "2", "10", "01"]), st.integers(0, 99999).map(str))
STABILITIES = st.tuples(
    st.sampled_from(["", "-", ".", "_"]),
    st.sampled_from(["a", "alpha", "B", "beta", "rc", "RC", "p", "pl", "patch"]),
    st.one_of(st.just(""), NUMBERS, NUMBERS.map(".{}".format), NUMBERS.map("-{}".format)),
)
VERSIONS = st.tuples(
    st.sampled_from(["", "v"]),
    st.lists(NUMBERS, min_size=1, max_size=4).map(".".join),
    st.one_of(st.just(""), STABILITIES.map("".join)),
    st.sampled_from(["", "", "-dev"]),
).map("".join)


def normalised(version: str) -> str:
    """VersionParser::normalize, for the versions above."""
    found = re.fullmatch(r"v?([0-9.]*[0-9])[-._]?([a-z]*?)[-.]?([0-9]*)(-dev)?", version, re.IGNORECASE)
    assert found
    numbers, word, count, dev = found.groups(default="")
    numbers = ".".join([*numbers.split("."), "0", "0", "0"][:4])
    if word == "dev":
        word, dev = "", "-dev"
    word = word.lower()
    return numbers + (f"-{EXPANDED.get(word, word)}{count}" if word else "") + dev


def compare(left: str, right: str) -> int:
    """version_compare in PHP's ext/standard/versioning.c."""
    for one, other in itertools.zip_longest(parts(left), parts(right)):
        if one is None or other is None:
            longer = other if one is None else one
            found = 1 if longer.isdigit() else form(longer) - FORMS.index("#")
            return sign(-found if one is None else found)
        found = int(one) - int(other) if one.isdigit() and other.isdigit() else form(one) - form(other)
        if found:
            return sign(found)
    return 0


def parts(version: str) -> list[str]:
    return re.findall("[0-9]+|[a-zA-Z]+", version)


def form(part: str) -> int:
    if part.isdigit():
        return FORMS.index("#")
    return next(rank for rank, name in enumerate(FORMS) if part.startswith(name))


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


@given(VERSIONS, VERSIONS)
def test_keys_order_as_php_orders_normalised_versions(left: str, right: str) -> None:
    key, other = composer.key(left), composer.key(right)
    assert (key > other) - (key < other) == compare(normalised(left), normalised(right))

"""semver's, npm's, NuGet's and Dart's keys against the rules of semver.org, section 11, read word by word."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from careen.versions import npm, nuget, pub, semver

NUMBERS = st.one_of(st.sampled_from(["0", "1", "2", "9", "10"]), st.integers(0, 10**20).map(str))
WORDS = st.from_regex(r"[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3}", fullmatch=True)
IDENTIFIERS = st.lists(st.one_of(NUMBERS, WORDS), min_size=1, max_size=4).map(".".join)
RELEASES = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(".".join)
VERSIONS = st.tuples(
    RELEASES,
    st.one_of(st.just(""), IDENTIFIERS.map("-{}".format)),
    st.one_of(st.just(""), IDENTIFIERS.map("+{}".format)),
).map("".join)

LARGEST_OF_DOTNET = 2**31 - 1


def split(version: str) -> tuple[list[int], list[str], list[str]]:
    rest, _, build = version.partition("+")
    release, _, pre = rest.partition("-")
    return [int(each) for each in release.split(".")], listed(pre), listed(build)


def listed(identifiers: str) -> list[str]:
    return identifiers.split(".") if identifiers else []


def compare(left: str, right: str) -> int:
    (release, pre, _), (other_release, other_pre, _) = split(left), split(right)
    if release != other_release:
        return -1 if release < other_release else 1
    if not pre or not other_pre:
        return bool(other_pre) - bool(pre)
    return compare_identifiers(pre, other_pre)


def compare_identifiers(left: list[str], right: list[str], largest: int | None = None) -> int:
    for one, other in itertools.zip_longest(left, right):
        if one is None or other is None:
            return -1 if one is None else 1
        order = compare_identifier(one, other, largest)
        if order:
            return order
    return 0


def compare_identifier(one: str, other: str, largest: int | None) -> int:
    numbers = [text.isdigit() and (largest is None or int(text) <= largest) for text in (one, other)]
    if all(numbers):
        return sign(int(one) - int(other))
    if any(numbers):
        return -1 if numbers[0] else 1
    return (one > other) - (one < other)


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


def order(key: bytes, other: bytes) -> int:
    return (key > other) - (key < other)


@given(VERSIONS, VERSIONS)
def test_semver_s_keys_order_as_the_specification_does(left: str, right: str) -> None:
    assert order(semver.key(left), semver.key(right)) == compare(left, right)


@given(VERSIONS, VERSIONS)
def test_npm_orders_valid_versions_as_semver_does(left: str, right: str) -> None:
    assert (npm.key(left), npm.key(right)) == (semver.key(left), semver.key(right))


@given(VERSIONS, VERSIONS)
def test_pub_compares_builds_where_all_else_is_equal(left: str, right: str) -> None:
    builds = compare_identifiers(split(left)[2], split(right)[2])
    assert order(pub.key(left), pub.key(right)) == (compare(left, right) or builds)


@given(RELEASES, IDENTIFIERS, IDENTIFIERS)
def test_nuget_compares_pre_releases_without_case_and_numbers_as_int32(
    release: str, left: str, right: str
) -> None:
    expected = compare_identifiers(listed(left.lower()), listed(right.lower()), LARGEST_OF_DOTNET)
    assert order(nuget.key(f"{release}-{left}"), nuget.key(f"{release}-{right}")) == expected

"""rpm's keys against a walk over both versions as rpmvercmp.c does it, and rpmver.c around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

PARTS = st.one_of(
    st.sampled_from(
        ["0", "1", "00", "01", "9", "10", "a", "b", "Z", "~", "^", "^^", "+", ".", "_", "el9", "é"]
    ),
    st.integers(0, 10**20).map(str),
)
TEXTS = st.lists(PARTS, min_size=1, max_size=6).map("".join)
VERSIONS = st.builds(
    lambda epoch, version, release: epoch + version + release,
    st.sampled_from(["", "", "0:", "1:", "01:", "2:"]),
    TEXTS,
    st.one_of(st.sampled_from(["", "-"]), TEXTS.map(lambda text: "-" + text)),
)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as rpmVersionCompare() says."""
    (epoch, version, release), (other_epoch, other_version, other_release) = split(left), split(right)
    return (
        sign(int(epoch) - int(other_epoch))
        or vercmp(version, other_version)
        or compare_releases(release, other_release)
    )


def split(version: str) -> tuple[str, str, str | None]:
    epoch, rest = version.split(":", 1) if ":" in version else ("0", version)
    version, dash, release = rest.partition("-")
    return epoch, version, release if dash else None


def compare_releases(left: str | None, right: str | None) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    return vercmp(left, right)


def vercmp(one: str, two: str) -> int:
    while one or two:
        one, two = skip_separators(one), skip_separators(two)
        if one[:1] == "~" or two[:1] == "~":
            if one[:1] != two[:1]:
                return -1 if one[:1] == "~" else 1
            one, two = one[1:], two[1:]
            continue
        if one[:1] == "^" or two[:1] == "^":
            if one[:1] != two[:1]:
                return compare_with_caret(one, two)
            one, two = one[1:], two[1:]
            continue
        if not one or not two:
            break
        digits = is_digit(one[0])
        segment, one = leading(one, digits=digits)
        other, two = leading(two, digits=digits)
        if not other:
            return 1 if digits else -1
        if order := compare_segments(segment, other, digits=digits):
            return order
    return bool(one) - bool(two)


def skip_separators(text: str) -> str:
    while text and not (is_digit(text[0]) or is_letter(text[0]) or text[0] in "~^"):
        text = text[1:]
    return text


def compare_with_caret(one: str, two: str) -> int:
    """The end is below a caret, everything else above it."""
    if not one:
        return -1
    if not two:
        return 1
    return 1 if one[0] != "^" else -1


def is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def is_letter(character: str) -> bool:
    return "a" <= character.lower() <= "z"


def leading(text: str, *, digits: bool) -> tuple[str, str]:
    belongs = is_digit if digits else is_letter
    length = next((at for at, character in enumerate(text) if not belongs(character)), len(text))
    return text[:length], text[length:]


def compare_segments(left: str, right: str, *, digits: bool) -> int:
    if digits:
        return sign(int(left) - int(right))
    return (left > right) - (left < right)


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


@given(VERSIONS, VERSIONS)
def test_keys_order_as_the_walk_does(left: str, right: str) -> None:
    key, other = rpm.key(left), rpm.key(right)
    assert (key > other) - (key < other) == compare(left, right)


@given(VERSIONS, VERSIONS)
def test_no_key_is_the_beginning_of_a_different_one(left: str, right: str) -> None:
    key, other = rpm.key(left), rpm.key(right)
    assert key == other or not other.startswith(key)


def test_by_source_only_the_epoch_is_left_out() -> None:
    for low, high in (("9:1.2:3-1", "1.9-1"), ("1.2-1:3", "1:1.2-2"), ("a:1-1", "b-1"), ("1:1-1", "2-1")):
        assert rpm.source_key(low) < rpm.source_key(high)
    assert rpm.source_key("1:2-1") == rpm.source_key("2-1")
    for wrong in (":1-1", "1:2:3-1", ""):
        with pytest.raises(InvalidVersion):
            rpm.source_key(wrong)

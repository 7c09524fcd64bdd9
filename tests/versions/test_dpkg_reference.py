"""dpkg's keys against a comparator that walks both versions as deb-version(7) describes it."""

import string

from hypothesis import given
from hypothesis import strategies as st

from careen.versions import dpkg

PARTS = st.one_of(
    st.sampled_from(
        ["0", "1", "00", "01", "9", "10", "a", "b", "Z", "~", "~~", "+", ".", "rc", "+b1", "~bpo12+1"]
    ),
    st.integers(0, 10**20).map(str),
)
TEXTS = st.lists(PARTS, min_size=1, max_size=6).map("".join)
EPOCHS = st.sampled_from(["", "", "0:", "1:", "01:", "2:"])
VERSIONS = st.builds(
    lambda epoch, upstream, revision: epoch + upstream + revision,
    EPOCHS,
    TEXTS,
    st.one_of(st.just(""), TEXTS.map(lambda text: "-" + text)),
)


def compare(left: str, right: str) -> int:
    """Below 0, 0 or above 0, as for `dpkg --compare-versions`."""
    (epoch, *parts), (other_epoch, *other_parts) = split(left), split(right)
    if int(epoch) != int(other_epoch):
        return int(epoch) - int(other_epoch)
    return next((order for order in map(compare_part, parts, other_parts) if order), 0)


def split(version: str) -> tuple[str, str, str]:
    epoch, rest = version.split(":", 1) if ":" in version else ("0", version)
    upstream, revision = rest.rsplit("-", 1) if "-" in rest else (rest, "0")
    return epoch, upstream, revision


def compare_part(left: str, right: str) -> int:
    while left or right:
        while (left and left[0] not in string.digits) or (right and right[0] not in string.digits):
            difference = weight(left[:1]) - weight(right[:1])
            if difference:
                return difference
            left, right = left[1:], right[1:]
        number, left = leading_number(left)
        other, right = leading_number(right)
        if number != other:
            return number - other
    return 0


def weight(character: str) -> int:
    """Letters sort before all others, `~` before everything, even the end of a part."""
    if character == "" or character in string.digits:
        return 0
    if character == "~":
        return -1
    return ord(character) + (0 if character.isalpha() else 256)


def leading_number(text: str) -> tuple[int, str]:
    rest = text.lstrip(string.digits)
    return int(text[: len(text) - len(rest)] or "0"), rest


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


@given(VERSIONS, VERSIONS)
def test_keys_order_as_the_walk_does(left: str, right: str) -> None:
    key, other = dpkg.key(left), dpkg.key(right)
    assert (key > other) - (key < other) == sign(compare(left, right))

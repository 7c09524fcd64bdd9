"""alpm's keys against a walk over both versions as vercmp does it (pacman, lib/libalpm/version.c)."""

import re
import string

from hypothesis import assume, given
from hypothesis import strategies as st

from careen.versions import alpm

LETTERS, DIGITS = set(string.ascii_letters), set(string.digits)
PARTS = st.one_of(
    st.sampled_from(["0", "1", "00", "01", "9", "10", "a", "b", "Z", "rc", "~", "+", ".", "..", "_", "g5e"]),
    st.integers(0, 10**20).map(str),
)
TEXTS = st.lists(PARTS, min_size=1, max_size=6).map("".join)
VERSIONS = st.builds(
    lambda epoch, version, release: f"{epoch}{version}-{release}",
    st.sampled_from(["", "", ":", "0:", "1:", "01:", "2:"]),
    TEXTS,
    TEXTS,
)
ENDS_WITH_SEPARATOR = re.compile(r"[^A-Za-z0-9](?:-|$)")


def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as alpm_pkg_vercmp() says."""
    (epoch, version, release), (other_epoch, other_version, other_release) = split(left), split(right)
    return (
        rpmvercmp(epoch, other_epoch)
        or rpmvercmp(version, other_version)
        or (rpmvercmp(release, other_release) if release is not None and other_release is not None else 0)
    )


def split(text: str) -> tuple[str, str, str | None]:
    """parseEVR()."""
    digits = len(text) - len(text.lstrip(string.digits))
    epoch, rest = (
        (text[:digits] or "0", text[digits + 1 :]) if text[digits : digits + 1] == ":" else ("0", text)
    )
    version, dash, release = rest.rpartition("-")
    return (epoch, version, release) if dash else (epoch, rest, None)


def rpmvercmp(one: str, two: str) -> int:
    if one == two:
        return 0
    while one and two:
        separators, one = skip_separators(one)
        others, two = skip_separators(two)
        if not one or not two:
            break
        if separators != others:
            return -1 if separators < others else 1
        kind = DIGITS if one[0] in DIGITS else LETTERS
        left, one = run(one, kind)
        right, two = run(two, kind)
        if not right:
            return 1 if kind is DIGITS else -1
        if kind is DIGITS:
            left, right = left.lstrip("0"), right.lstrip("0")
            if len(left) != len(right):
                return 1 if len(left) > len(right) else -1
        if left != right:
            return 1 if left > right else -1
    if not one and not two:
        return 0
    return -1 if (not one and two[0] not in LETTERS) or (one and one[0] in LETTERS) else 1


def skip_separators(text: str) -> tuple[int, str]:
    count = next((at for at, char in enumerate(text) if char in LETTERS | DIGITS), len(text))
    return count, text[count:]


def run(text: str, kind: set[str]) -> tuple[str, str]:
    count = next((at for at, char in enumerate(text) if char not in kind), len(text))
    return text[:count], text[count:]


@given(VERSIONS, VERSIONS)
def test_keys_order_as_vercmp_does(left: str, right: str) -> None:
    assume(not ENDS_WITH_SEPARATOR.search(left))
    assume(not ENDS_WITH_SEPARATOR.search(right))
    key, other = alpm.key(left), alpm.key(right)
    assert (key > other) - (key < other) == compare(left, right)


@given(TEXTS)
def test_a_missing_release_is_a_release_that_vercmp_finds_equal(version: str) -> None:
    assert alpm.key(version) == alpm.key(f"{version}-1")
    assert compare(version, f"{version}-1") == 0


def test_a_separator_at_the_end_has_no_place_in_vercmp_s_order() -> None:
    assert compare("1.0.", "1.0.1") == compare("1.0.1", "1.0..a") == compare("1.0..a", "1.0.") == -1

"""RubyGems' keys against Gem::Version#<=>, transcribed."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from careen.versions import gem

SEGMENTS = st.one_of(
    st.sampled_from(["0", "0", "1", "2", "00", "01", "a", "b", "rc", "rc1", "beta", "Z", "0a", "a0"]),
    st.integers(0, 10**20).map(str),
)
VERSIONS = st.builds(
    "{}{}{}".format,
    st.integers(0, 10),
    st.lists(SEGMENTS, max_size=5).map(lambda segments: "".join(f".{each}" for each in segments)),
    st.one_of(st.just(""), st.lists(SEGMENTS, min_size=1, max_size=2).map(lambda each: "-" + ".".join(each))),
)

Segment = int | str


def canonical(version: str) -> list[Segment]:
    words = re.findall("[0-9]+|[a-zA-Z]+", version.replace("-", ".pre."))
    segments: list[Segment] = [int(word) if word.isdigit() else word for word in words]
    start = next((at for at, each in enumerate(segments) if isinstance(each, str)), len(segments))
    return [*without_zeros(segments[:start]), *without_zeros(segments[start:])]


def without_zeros(segments: list[Segment]) -> list[Segment]:
    kept = itertools.dropwhile(lambda segment: segment == 0, reversed(segments))
    return list(kept)[::-1]


def compare(left: str, right: str) -> int:
    for one, other in itertools.zip_longest(canonical(left), canonical(right), fillvalue=0):
        if one == other:
            continue
        if isinstance(one, int) and isinstance(other, int):
            return -1 if one < other else 1
        if isinstance(one, str) and isinstance(other, str):
            return -1 if one < other else 1
        return -1 if isinstance(one, str) else 1
    return 0


@given(VERSIONS, VERSIONS)
def test_keys_order_as_gem_version_does(left: str, right: str) -> None:
    key, other = gem.key(left), gem.key(right)
    assert (key > other) - (key < other) == compare(left, right)

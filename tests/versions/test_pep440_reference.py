"""PEP 440's keys against packaging.Version."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from careen.versions import pep440

NUMBERS = st.one_of(st.sampled_from(["0", "1", "2", "9", "10", "01"]), st.integers(0, 10**20).map(str))


def optional(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), text)


SEGMENTS = st.one_of(NUMBERS, st.sampled_from(["a", "b", "abc", "a1", "1a", "ubuntu", "CU118"]))
VERSIONS = st.tuples(
    optional(st.sampled_from(["0!", "1!", "v"])),
    st.lists(NUMBERS, min_size=1, max_size=4).map(".".join),
    optional(st.builds("{}{}".format, st.sampled_from(["a", "b", "rc", "-alpha.", "_preview"]), NUMBERS)),
    optional(st.builds("{}{}".format, st.sampled_from([".post", "-", "rev"]), NUMBERS)),
    optional(NUMBERS.map(".dev{}".format)),
    optional(st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda parts: "+" + ".".join(parts))),
).map("".join)


@given(VERSIONS, VERSIONS)
def test_keys_order_as_packaging_does(left: str, right: str) -> None:
    key, other = pep440.key(left), pep440.key(right)
    version, other_version = Version(left), Version(right)
    assert (key > other) - (key < other) == (version > other_version) - (version < other_version)

"""PEP 440's keys against packaging.Version."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from packaging_legacy.version import LegacyVersion
from packaging_legacy.version import parse as parse_any

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


WORDS = st.sampled_from(
    ["final", "pre", "preview", "rc", "c", "dev", "alpha", "beta", "p", "m", "svn", "r", "x", "test"]
)
# Longer numbers than of eight digits are compared as text by both, after a filling that differs in no way.
OLD = st.tuples(
    st.lists(st.one_of(st.integers(0, 99).map(str), st.just("00000001")), min_size=1, max_size=3).map(
        ".".join
    ),
    st.lists(
        st.tuples(st.sampled_from(["", "-", ".", "--", "_", "+"]), st.one_of(WORDS, NUMBERS)).map("".join),
        max_size=5,
    ).map("".join),
).map("".join)


@given(OLD, st.one_of(OLD, VERSIONS))
def test_texts_from_before_pep_440_order_as_setuptools_did(left: str, right: str) -> None:
    key, other = pep440.key(left), pep440.key(right)
    version, other_version = parse_any(left), parse_any(right)
    assert (key > other) - (key < other) == (version > other_version) - (version < other_version)


def test_the_old_order_is_asked_only_where_pep_440_has_none() -> None:
    assert isinstance(parse_any("0.3m2"), LegacyVersion)
    assert pep440.key("0.3m2") < pep440.key("0.3m3") < pep440.key("0.dev0") < pep440.key("0a0")
    assert pep440.key("0.3m2") < pep440.after("0.3m2") < pep440.key("0.3m3")

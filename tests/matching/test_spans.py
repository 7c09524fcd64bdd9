"""Ranges as intervals of keys, against OSV's own algorithm (ossf.github.io/osv-schema, "Evaluation").

A last affected version stands for its local versions too, as Python's own specifiers have it.
"""

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from careen.matching.order import order_of
from careen.matching.spans import EmptyRange, Span, points, span
from careen.model.advisory import Range
from careen.versions import pep440
from careen.versions.invalid import InvalidVersion

VERSIONS = st.builds(
    "{}.{}{}".format, st.integers(0, 3), st.integers(0, 2), st.sampled_from(["", "a1", ".post1", "+x"])
)
RANGES = st.builds(Range, st.just("") | VERSIONS, st.just("") | VERSIONS) | st.builds(
    Range, st.just("") | VERSIONS, st.just(""), VERSIONS
)


ORDER = order_of(pep440.NAME, by_source=False)


def is_affected(version: str, affected: Range) -> bool:
    if affected.introduced and Version(version) < Version(affected.introduced):
        return False
    if affected.fixed:
        return Version(version) < Version(affected.fixed)
    return not affected.last_affected or is_at_most(version, affected.last_affected)


def is_at_most(version: str, last: str) -> bool:
    return (
        SpecifierSet(f"<={last}").contains(version, prereleases=True)
        if "+" not in last
        else Version(version) <= Version(last)
    )


@given(VERSIONS, RANGES)
def test_a_version_lies_in_the_span_where_the_range_affects_it(version: str, affected: Range) -> None:
    try:
        found = span(affected, ORDER)
    except EmptyRange:
        assert not is_affected(version, affected)
        return
    assert found
    assert (found.low <= pep440.key(version) < found.high) == is_affected(version, affected)


@given(st.lists(VERSIONS, max_size=5), st.lists(RANGES, max_size=2), VERSIONS)
def test_ranges_and_points_together_hold_exactly_what_is_listed(
    versions: list[str], ranges: list[Range], installed: str
) -> None:
    spans = []
    for affected in ranges:
        try:
            spans.append(span(affected, ORDER))
        except EmptyRange:
            continue
    known = [each for each in spans if each]
    singles = [each for each in points(versions, known, ORDER) if isinstance(each, Span)]
    key = pep440.key(installed)
    listed = any(SpecifierSet(f"=={each}").contains(installed, prereleases=True) for each in versions)
    expected = listed or any(is_affected(installed, affected) for affected in ranges)
    assert any(each.low <= key < each.high for each in known + singles) == expected


def test_a_point_is_made_only_where_no_span_covers_it_and_what_is_no_version_is_handed_back() -> None:
    known = span(Range(fixed="2.0"), ORDER)
    assert known
    first, second = points(("1.0", "2.0", "latest"), [known], ORDER)
    assert isinstance(first, Span)
    assert first.range == Range(introduced="2.0", last_affected="2.0")
    assert isinstance(second, InvalidVersion)

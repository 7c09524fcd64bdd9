"""Ranges out of events, against OSV's own algorithm (ossf.github.io/osv-schema, "Evaluation")."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careen.feeds._events import ranges_of
from careen.matching.order import order_of
from careen.matching.spans import EmptyRange, span
from careen.model.advisory import Range
from careen.versions import npm

Event = dict[str, str]

ORDER = order_of(npm.NAME, by_source=False)
VERSIONS = [f"{major}.{minor}.0{pre}" for major in range(3) for minor in range(3) for pre in ("-rc.1", "")]
KINDS = st.sampled_from(["introduced", "fixed", "last_affected"])
ENDS = st.lists(
    st.tuples(KINDS, st.sampled_from(VERSIONS)), min_size=1, max_size=5, unique_by=lambda event: event[1]
)
LIMITS = st.lists(st.sampled_from([*VERSIONS, "*"]), max_size=2)


def is_affected(version: str, events: Sequence[Event]) -> bool:
    """As the specification writes it down; of events at one version none is generated twice."""
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and "*" not in limits and not any(npm.key(version) < npm.key(limit) for limit in limits):
        return False
    affected = False
    for event in sorted((each for each in events if "limit" not in each), key=place):
        ((kind, at),) = event.items()
        if kind == "introduced":
            affected = affected or at == "0" or npm.key(version) >= npm.key(at)
        else:
            ends = npm.key(version) >= npm.key(at) if kind == "fixed" else npm.key(version) > npm.key(at)
            affected = affected and not ends
    return affected


def place(event: Event) -> bytes:
    (at,) = event.values()
    return b"" if at == "0" else npm.key(at)


def holds(affected: Range, version: str) -> bool:
    try:
        found = span(affected, ORDER)
    except EmptyRange:
        return False
    return found is not None and found.low <= npm.key(version) < found.high


@settings(deadline=None)
@given(ENDS, LIMITS, st.sampled_from([[], [{"introduced": "0"}]]), st.randoms())
def test_ranges_hold_what_the_evaluation_of_events_in_any_order_holds(
    ends: list[tuple[str, str]], limits: list[str], beginning: list[Event], random: Random
) -> None:
    events: list[Event] = [{kind: version} for kind, version in ends] + [{"limit": each} for each in limits]
    events += beginning if any("introduced" in event for event in events) else [{"introduced": "0"}]
    random.shuffle(events)
    found = list(ranges_of({"ranges": [{"type": "SEMVER", "events": events}]}, npm.key))
    for version in [*VERSIONS, "0.0.0-0", "9.0.0"]:
        assert any(holds(each, version) for each in found) is is_affected(version, events)


@pytest.mark.parametrize(
    ("end", "limits"),
    [
        ({"fixed": "none"}, ["2.0.0"]),
        ({"last_affected": "none"}, ["2.0.0"]),
        ({"fixed": "1.0.0"}, ["2.0.0", "none"]),
        ({"fixed": "1.0.0"}, ["none", "2.0.0"]),
        ({"fixed": "1.0.0"}, ["none"]),
    ],
)
def test_a_version_without_an_order_stays_in_a_range_for_the_builder_to_tell(
    end: Event, limits: list[str]
) -> None:
    events = [{"introduced": "0"}, end, *({"limit": each} for each in limits)]
    for ordered in (events, events[::-1]):
        found = list(ranges_of({"ranges": [{"type": "SEMVER", "events": ordered}]}, npm.key))
        assert "none" in {version for each in found for version in (each.fixed, each.last_affected)}

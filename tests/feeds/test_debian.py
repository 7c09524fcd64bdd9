"""What Debian's tracker says of testing, whose packages are those of unstable some days later."""

import io
import json

import pytest

from careen.feeds import debian
from careen.model.advisory import Advisory, Affected, Range


def said(**releases: dict[str, object]) -> dict[str, Affected]:
    """By ecosystem."""
    tracker = {"curl": {"CVE-2026-0001": {"releases": releases}}}
    document = io.BytesIO(json.dumps(tracker).encode())
    found = [each for each in debian.parse(document, debian.URL) if isinstance(each, Advisory)]
    return {affected.ecosystem: affected for each in found for affected in each.affected}


OPEN: dict[str, object] = {
    "status": "open",
    "urgency": "not yet assigned",
    "repositories": {"forky": "8.1-1"},
}
FIXED: dict[str, object] = {"status": "resolved", "fixed_version": "8.1-2", "urgency": "not yet assigned"}


def test_r22_what_is_fixed_in_unstable_is_to_come_in_testing() -> None:
    """An image of unstable names itself by the codename of testing too."""
    forky = said(forky=OPEN, sid=FIXED)["Debian:14"]
    assert (forky.ranges, forky.status) == ((Range(fixed="8.1-2"),), "pending")


def test_r22_what_is_fixed_in_unstable_is_no_fix_for_a_release() -> None:
    trixie = said(trixie=OPEN, sid=FIXED)["Debian:13"]
    assert (trixie.ranges, trixie.status) == ((Range(),), "affected")


@pytest.mark.parametrize(
    ("forky", "sid"),
    [
        (OPEN, OPEN),
        (OPEN, {**FIXED, "fixed_version": "0"}),
        (OPEN, {"status": "undetermined"}),
        ({**OPEN, "nodsa": "Minor issue", "nodsa_reason": "ignored"}, FIXED),
        ({**OPEN, "repositories": {"forky": "8.1-2"}}, FIXED),
        ({**OPEN, "repositories": {"forky": "8.2-1"}}, FIXED),
    ],
)
def test_r22_what_unstable_has_not_fixed_or_testing_will_not_is_open(
    forky: dict[str, object], sid: dict[str, object]
) -> None:
    assert said(forky=forky, sid=sid)["Debian:14"].ranges == (Range(),)

"""What the groups of Arch Linux' tracker say, status by status."""

import io
import json

import pytest

from careen.feeds import arch
from careen.feeds.document import InvalidDocument
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem


def group(**fields: object) -> dict[str, object]:
    usual = {"name": "AVG-1", "packages": ["a"], "status": "Fixed", "severity": "High", "affected": "1.0-1"}
    return (
        usual | {"fixed": "1.1-1", "issues": ["CVE-2024-1001"], "advisories": [], "type": "unknown"} | fields
    )


def parse(*groups: object) -> list[Ecosystem | Advisory | Problem]:
    ecosystem, *said = arch.parse(io.BytesIO(json.dumps(groups).encode()), arch.URL)
    assert ecosystem == Ecosystem("Arch Linux", "alpm")
    return said


@pytest.mark.parametrize(
    ("status", "fixed", "expected", "as_status"),
    [
        ("Fixed", "1.1-1", Range(fixed="1.1-1"), "affected"),
        ("Vulnerable", None, Range(), "affected"),
        ("Testing", "1.1-1", Range(fixed="1.1-1"), "pending"),
        ("Unknown", None, Range(), "under_investigation"),
        ("Not affected", None, Range(), "not_affected"),
        ("Not affected", "1.1-1", Range(), "not_affected"),
    ],
)
def test_a_status_says_what_is_affected(
    status: str, fixed: str | None, expected: Range, as_status: str
) -> None:
    (advisory,) = parse(group(status=status, fixed=fixed))
    assert isinstance(advisory, Advisory)
    assert advisory.affected == (Affected("Arch Linux", "a", (expected,), status=as_status),)


def test_each_issue_is_an_advisory_with_the_group_and_its_announcements_among_the_aliases() -> None:
    said = parse(group(issues=["CVE-2024-1001", "CVE-2024-1002"], advisories=["ASA-202401-1"]))
    advisories = [each for each in said if isinstance(each, Advisory)]
    assert [each.id for each in advisories] == ["CVE-2024-1001", "CVE-2024-1002"]
    assert {each.aliases for each in advisories} == {("AVG-1", "ASA-202401-1")}
    assert {(each.severity, each.link) for each in advisories} == {
        ("High", "https://security.archlinux.org/AVG-1")
    }


def test_a_group_without_an_issue_is_a_vulnerability_by_itself() -> None:
    (advisory,) = parse(group(issues=[]))
    assert isinstance(advisory, Advisory)
    assert (advisory.id, advisory.aliases) == ("AVG-1", ())


@pytest.mark.parametrize(
    "wrong",
    [
        group(status="Fixed", fixed=None),
        group(status="Perhaps"),
        group(packages="a"),
        group(packages=[1]),
        group(issues=[""]),
        group(name=None),
        "AVG-1",
    ],
)
def test_a_group_that_cannot_be_read_is_a_problem_and_hides_no_other(wrong: object) -> None:
    problem, advisory = parse(wrong, group())
    assert isinstance(problem, Problem)
    assert isinstance(advisory, Advisory)


@pytest.mark.parametrize("document", [b"{}", b"[", b"[{}", b"[] x", b""])
def test_what_is_no_list_of_groups_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidDocument):
        list(arch.parse(io.BytesIO(document), arch.URL))

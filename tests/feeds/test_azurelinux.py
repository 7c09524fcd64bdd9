"""What the definitions of Azure Linux say, operation by operation and state by state."""

import io

import pytest

from careen.feeds import azurelinux
from careen.feeds.document import InvalidDocument
from careen.model.advisory import Advisory, Ecosystem, Range
from careen.model.problem import Problem

BASE = "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main"
URL = f"{BASE}/azurelinux-3.0-oval.xml"


def document(*tests: tuple[str, str], patchable: str = "true", package: str = "a", more: str = "") -> str:
    """One definition with a test for each operation and version."""
    numbers = range(len(tests))
    criteria = "".join(f'<criterion test_ref="tst:{n}"/>' for n in numbers)
    parts = "".join(
        f'<l:rpminfo_test id="tst:{n}"><l:object object_ref="obj:{n}"/><l:state state_ref="ste:{n}"/>'
        f'</l:rpminfo_test><l:rpminfo_object id="obj:{n}"><l:name>{package}</l:name></l:rpminfo_object>'
        f'<l:rpminfo_state id="ste:{n}"><l:evr operation="{operation}">{version}</l:evr></l:rpminfo_state>'
        for n, (operation, version) in zip(numbers, tests, strict=True)
    )
    return (
        '<oval_definitions xmlns:l="x"><definitions><definition id="def:1"><metadata><title>x</title>'
        '<reference ref_id="CVE-2024-1001" ref_url="https://nvd.nist.gov/vuln/detail/CVE-2024-1001"/>'
        f"<patchable>{patchable}</patchable><severity>High</severity></metadata>"
        f'<criteria operator="AND">{criteria}{more}</criteria></definition></definitions>'
        f"<tests>{parts}</tests></oval_definitions>"
    )


def parse(text: str, url: str = URL) -> list[Ecosystem | Advisory | Problem]:
    return list(azurelinux.parse(io.BytesIO(text.encode()), url))


LESS, UP_TO, ABOVE = "less than", "less than or equal", "greater than"


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ([(LESS, "0:1.2-3.azl3")], Range(fixed="0:1.2-3.azl3")),
        ([(UP_TO, "0:1.2-3.azl3")], Range(last_affected="0:1.2-3.azl3")),
        ([(LESS, "0:1.2-3.azl3"), (ABOVE, "0:1.0.azl3")], Range("0:1.0", "0:1.2-3.azl3")),
        ([(ABOVE, "0:1.0-1.azl3"), (LESS, "0:1.2-3.azl3")], Range("0:1.0-1.azl3^", "0:1.2-3.azl3")),
        ([("greater than or equal", "0:1.0-1"), (LESS, "0:1.2-3")], Range("0:1.0-1", "0:1.2-3")),
        ([(LESS, "0:29.3.azl3")], Range(fixed="0:29.3")),  # the suffix belongs to a release
        ([(LESS, "0: 1.20.10-1.azl3")], Range(fixed="0:1.20.10-1.azl3")),
    ],
)
def test_tests_say_which_versions_are_affected(tests: list[tuple[str, str]], expected: Range) -> None:
    _, advisory = parse(document(*tests))
    assert isinstance(advisory, Advisory)
    (affected,) = advisory.affected
    assert affected.ranges == (expected,)
    assert (affected.package, affected.by_source, affected.severity) == ("a", True, "High")


@pytest.mark.parametrize(
    ("patchable", "operation", "expected"),
    [
        ("true", LESS, "affected"),
        ("false", UP_TO, "affected"),
        ("false", LESS, "pending"),  # a fix is known, and is not to be had
        ("Not Applicable", UP_TO, "not_affected"),
        ("Not Applicable", LESS, "not_affected"),
    ],
)
def test_patchable_says_what_becomes_of_it(patchable: str, operation: str, expected: str) -> None:
    _, advisory = parse(document((operation, "0:1-1"), patchable=patchable))
    assert isinstance(advisory, Advisory)
    assert [each.status for each in advisory.affected] == [expected]


@pytest.mark.parametrize(
    "wrong",
    [
        document((LESS, "0:1-1"), patchable="perhaps"),
        document(("equals", "0:1-1")),
        document((LESS, "0:1-1"), (LESS, "0:2-1")),
        document((LESS, "")),
        document((LESS, "0:1-1"), package=""),
        document((LESS, "0:1-1"), more='<criterion test_ref="tst:404"/>'),
        document(),
        document((LESS, "0:1-1")).replace('ref_id="CVE-2024-1001"', ""),
    ],
)
def test_a_definition_that_cannot_be_read_is_a_problem(wrong: str) -> None:
    assert [type(said) for said in parse(wrong)] == [Ecosystem, Problem]


def test_the_url_tells_the_release() -> None:
    named = {}
    for name in ("cbl-mariner-1.0", "cbl-mariner-2.0", "azurelinux-3.0"):
        (ecosystem, _) = parse(document((LESS, "0:1-1")), f"{BASE}/{name}-oval.xml")
        assert isinstance(ecosystem, Ecosystem)
        named[name] = ecosystem.name
    assert list(named.values()) == ["Azure Linux:1", "Azure Linux:2", "Azure Linux:3"]
    with pytest.raises(InvalidDocument):
        parse(document(), f"{BASE}/azurelinux-9.0-oval.xml")


def test_a_document_that_breaks_off_behind_its_definitions_says_nothing() -> None:
    whole = document((LESS, "0:1-1"))
    with pytest.raises(InvalidDocument):
        next(azurelinux.parse(io.BytesIO(whole[: whole.index("<tests>")].encode()), URL))

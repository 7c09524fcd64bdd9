"""An id of a language's database that stands alone in one feed, and beside its CVE in another."""

from collections.abc import Callable, Sequence

import pytest

from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.distro import Distro
from careen.model.inventory import Inventory
from careen.model.package import Package

Make = Callable[..., Snapshot]

GHSA = "GHSA-4374-p667-p6c8"
CVE = "CVE-2023-39325"
WOLFI = Ecosystem("Wolfi", "apk")


def fixed(id_: str, *aliases: str, version: str = "2.0-r0") -> Advisory:
    return Advisory(id_, (Affected("Wolfi", "caddy", (Range(fixed=version),), by_source=True),), aliases)


def elsewhere(id_: str, *aliases: str, withdrawn: str = "") -> Advisory:
    """A record that says nothing of the package itself."""
    return Advisory(id_, (), aliases, withdrawn=withdrawn)


def found(make: Make, *records: Advisory) -> list[tuple[str, tuple[str, ...], str]]:
    package = Package("caddy", "1.0-r0", "apk", "apk", "lib/apk/db/installed", "", "caddy", "1.0-r0")
    verdict = match(Inventory(Distro("wolfi"), (package,), ()), make(WOLFI, *records))
    return [(each.id, each.aliases, each.fixed_by) for each in verdict.findings]


def test_r6_the_cve_and_its_twin_in_one_list_are_one_finding(snapshot_of: Make) -> None:
    go = elsewhere("GO-2023-2102", CVE, GHSA)
    assert found(snapshot_of, fixed(CVE), fixed(GHSA), go) == [(CVE, (GHSA,), "2.0-r0")]


def test_r6_a_twin_alone_gets_the_name_of_its_cve(snapshot_of: Make) -> None:
    assert found(snapshot_of, fixed(GHSA), elsewhere(GHSA, CVE)) == [(CVE, (GHSA,), "2.0-r0")]
    assert found(snapshot_of, fixed("GO-2023-2102", GHSA), elsewhere(GHSA, CVE)) == [
        (CVE, (GHSA, "GO-2023-2102"), "2.0-r0")
    ]


@pytest.mark.parametrize(
    "others",
    [
        [],
        [elsewhere("GO-2023-2102", CVE, "CVE-2023-44487", GHSA)],
        [elsewhere(GHSA, CVE), elsewhere("GO-2023-2102", "CVE-2023-44487", GHSA)],
        [elsewhere(GHSA, CVE, withdrawn="2024-01-01T00:00:00Z")],
    ],
    ids=["nobody-tells", "a-record-of-several", "two-tell-different-ones", "withdrawn"],
)
def test_r6_what_is_not_told_for_certain_keeps_its_own_name(
    others: Sequence[Advisory], snapshot_of: Make
) -> None:
    assert found(snapshot_of, fixed(GHSA), *others) == [(GHSA, (), "2.0-r0")]


def test_r6_an_erratum_is_no_twin_of_the_one_cve_that_another_release_fixes_by_it(snapshot_of: Make) -> None:
    erratum = "ELSA-2024-1"
    assert found(snapshot_of, fixed(erratum), elsewhere(CVE, erratum)) == [(erratum, (), "2.0-r0")]


def test_r6_an_advisory_of_two_flaws_is_none_of_one_of_them(snapshot_of: Make) -> None:
    other = "GHSA-aaaa-bbbb-cccc"
    both = fixed("ADV-1", GHSA, other)
    named = [name for name, _, _ in found(snapshot_of, both, elsewhere(GHSA, CVE), elsewhere(other))]
    assert named == ["ADV-1"]
    twins = [name for name, _, _ in found(snapshot_of, both, elsewhere(GHSA, CVE), elsewhere(other, CVE))]
    assert twins == [CVE]

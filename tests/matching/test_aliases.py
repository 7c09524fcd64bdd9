"""Which advisories are one vulnerability, and which are several."""

import pytest

from careen.matching.aliases import merge
from careen.matching.records import Hit, Record


def hit(id_: str, *aliases: str) -> Hit:
    record = Record(f"sha256:{id_}", "a-feed", id_, aliases, (), "", "")  # type: ignore[arg-type]  # no digest
    return Hit(record, "", "", "", b"", "", "affected", by_source=False)


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([("CVE-2024-1001",), ("CVE-2024-1002",)], [["CVE-2024-1001"], ["CVE-2024-1002"]]),
        ([("GHSA-1", "CVE-2024-1001"), ("GHSA-2",)], [["CVE-2024-1001", "GHSA-1"], ["GHSA-2"]]),
        # An erratum joins nothing.
        (
            [("CVE-2024-1001", "RLSA-1"), ("CVE-2024-1002", "RLSA-1")],
            [["CVE-2024-1001", "RLSA-1"], ["CVE-2024-1002", "RLSA-1"]],
        ),
        # One advisory about several CVEs that nobody else tells apart.
        (
            [("GO-1", "CVE-2024-1002", "CVE-2024-1001", "GHSA-1")],
            [["CVE-2024-1001", "CVE-2024-1002", "GHSA-1", "GO-1"]],
        ),
        # The same, where others do tell them apart.
        (
            [
                ("GO-1", "CVE-2024-1002", "CVE-2024-1001", "GHSA-1", "GHSA-2"),
                ("GHSA-1", "CVE-2024-1001"),
                ("GHSA-2", "CVE-2024-1002"),
            ],
            [["CVE-2024-1001", "GHSA-1", "GHSA-2", "GO-1"], ["CVE-2024-1002", "GHSA-1", "GHSA-2", "GO-1"]],
        ),
        # Without a CVE it belongs to those whose names it shares.
        (
            [
                ("X-1", "GHSA-1"),
                ("GHSA-1", "CVE-2024-1001"),
                ("GHSA-2", "CVE-2024-1002", "X-2"),
                ("X-2", "X-1"),
            ],
            [["CVE-2024-1001", "GHSA-1", "X-1"], ["CVE-2024-1002", "GHSA-2", "X-1", "X-2"]],
        ),
    ],
)
def test_r6_two_cves_with_advisories_of_their_own_are_two_flaws(
    hits: list[tuple[str, ...]], expected: list[list[str]]
) -> None:
    for order in (hits, hits[::-1]):
        flaws = merge([hit(*each) for each in order])
        assert sorted([flaw.id, *flaw.aliases] for flaw in flaws) == expected


def test_every_hit_is_in_some_flaw() -> None:
    hits = [
        hit("A-1", "CVE-2024-1001"),
        hit("A-2", "CVE-2024-1002", "A-1"),
        hit("A-3", "A-4"),
        hit("A-4", "A-2"),
    ]
    assert {each.record.id for flaw in merge(hits) for each in flaw.hits} == {"A-1", "A-2", "A-3", "A-4"}

"""What is peculiar to OSV's ecosystems: their names, their order of versions, and whose flaws they name."""

import io
import json
import zipfile
from collections.abc import Sequence

import pytest

from careen.feeds import FEEDS, osv
from careen.model.advisory import Advisory, Ecosystem, Range
from careen.model.problem import Problem

PUBLISHED = {feed.NAME for feed in FEEDS if isinstance(feed, osv.Feed)}

# What the indexers call the ecosystems of their packages.
INDEXED = {"Bitnami", "CRAN", "Go", "Hex", "Julia", "Maven", "NuGet", "Packagist", "Pub", "PyPI", "RubyGems"}
WITHOUT = {"Bioconductor", "CPAN", "LuaRocks", "OTP", "conda"}  # OSV publishes none of these


def said(ecosystem: str, **fields: object) -> Sequence[object]:
    record = {"id": "X-2024-1", "aliases": [], "affected": [affected(ecosystem)], **fields}
    return list(osv.Feed(ecosystem).parse(packed(record), "https://upstream.example/all.zip"))[1:]


def packed(record: object) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.json", json.dumps(record))
    return buffer


def affected(ecosystem: str, *events: tuple[str, str], kind: str = "SEMVER") -> dict[str, object]:
    listed = [{name: version} for name, version in events or (("introduced", "0"), ("fixed", "2.0.0"))]
    return {
        "package": {"ecosystem": ecosystem, "name": "Some_Name"},
        "ranges": [{"type": kind, "events": listed}],
    }


def advisories(ecosystem: str, **fields: object) -> list[Advisory]:
    found = said(ecosystem, **fields)
    assert all(isinstance(each, Advisory) for each in found)
    return [each for each in found if isinstance(each, Advisory)]


def test_every_ecosystem_of_an_indexer_has_its_feed_unless_osv_has_none() -> None:
    assert PUBLISHED >= INDEXED
    assert PUBLISHED.isdisjoint(WITHOUT)


@pytest.mark.parametrize("ecosystem", ["CRAN", "Hackage", "Julia", "Pub", "Hex", "SwiftURL", "Bitnami"])
def test_names_are_taken_as_they_are_written(ecosystem: str) -> None:
    (advisory,) = advisories(ecosystem)
    assert [each.package for each in advisory.affected] == ["Some_Name"]


@pytest.mark.parametrize(
    ("ecosystem", "events", "ranges"),
    [
        ("Julia", [("fixed", "8.4.0+1"), ("introduced", "8.4.0+0")], (Range("8.4.0+0", "8.4.0+1"),)),
        ("CRAN", [("fixed", "1.10-2"), ("introduced", "1.9-1")], (Range("1.9-1", "1.10-2"),)),
        ("Hackage", [("fixed", "1.10.0.1"), ("introduced", "1.9.0.5")], (Range("1.9.0.5", "1.10.0.1"),)),
        ("Hex", [("fixed", "1.0.0"), ("introduced", "1.0.0-rc.2")], (Range("1.0.0-rc.2", "1.0.0"),)),
    ],
)
def test_events_count_in_the_ecosystems_own_order(
    ecosystem: str, events: list[tuple[str, str]], ranges: tuple[Range, ...]
) -> None:
    (advisory,) = advisories(ecosystem, affected=[affected(ecosystem, *events, kind="ECOSYSTEM")])
    assert advisory.affected[0].ranges == ranges


@pytest.mark.parametrize("ecosystem", ["CRAN", "Julia"])
def test_a_flaw_of_a_library_that_a_package_brings_along_is_named_as_the_librarys(ecosystem: str) -> None:
    found = advisories(ecosystem, upstream=["CVE-2024-0001", "GHSA-aaaa-bbbb-cccc", "CVE-2024-0002"])
    assert [(each.id, each.aliases) for each in found] == [
        ("CVE-2024-0001", ("X-2024-1",)),
        ("CVE-2024-0002", ("X-2024-1",)),
    ]
    (own,) = advisories(ecosystem, aliases=["CVE-2024-0003"], upstream=["CVE-2024-0001"])
    assert (own.id, own.aliases) == ("X-2024-1", ("CVE-2024-0003",))


def test_what_speaks_of_commits_alone_is_a_problem() -> None:
    found = said("Hex", affected=[affected("Hex", ("introduced", "0"), kind="GIT")])
    assert [type(each) for each in found] == [Advisory, Problem]


@pytest.mark.parametrize(
    ("ecosystem", "release", "end"),
    [
        ("Mageia", "Mageia:8", "2023-11-30"),
        ("Mageia", "Mageia:9", ""),
        ("openEuler", "openEuler:24.03-LTS-SP1", "2026-12-31"),
    ],
)
def test_the_releases_of_one_export_have_ends_of_their_own(ecosystem: str, release: str, end: str) -> None:
    named = affected(release, ("introduced", "0"), ("fixed", "1.0-1"), kind="ECOSYSTEM")
    buffer = packed({"id": "MGASA-2024-0001", "affected": [named]})
    (declared,) = (
        each
        for each in osv.Feed(ecosystem).parse(buffer, "https://upstream.example/all.zip")
        if isinstance(each, Ecosystem)
    )
    assert (declared.name, declared.end_of_life) == (release, end)

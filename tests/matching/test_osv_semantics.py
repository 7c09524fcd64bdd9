"""OSV's records, from the archive to the finding (ossf.github.io/osv-schema, "Evaluation").

Each row: an ecosystem, what a record says of a package, and versions that have the flaw and that have not.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence

import pytest

from careen.feeds import osv
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Advisory
from careen.model.inventory import Inventory
from careen.model.package import Package

Make = Callable[..., Snapshot]
Said = Mapping[str, object]


def events(*pairs: str, kind: str = "ECOSYSTEM") -> Said:
    """Of `introduced 1.0` and the like."""
    listed = [dict([pair.split(" ")]) for pair in pairs]
    return {"ranges": [{"type": kind, "events": listed}]}


def packed(*records: object) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}.json", json.dumps(record))
    return buffer


def affected(make: Make, ecosystem: str, versions: Sequence[str], *records: object) -> list[str]:
    """Those of `versions` that the records find in the package `p`."""
    snapshot = make(*osv.Feed(ecosystem).parse(packed(*records), "https://upstream.example/all.zip"))
    packages = [Package("p", version, "any", "any", version, ecosystem) for version in versions]
    verdict = match(Inventory(None, tuple(packages), ()), snapshot)
    found = {finding.package.version for finding in verdict.findings}
    return [version for version in versions if version in found]


CASES: Sequence[tuple[str, Said, str, str]] = [
    # Limits: a version counts that is before any of them; "*" is the same as none.
    ("npm", events("introduced 0", "limit *"), "1.0.0 99.0.0", ""),
    ("npm", events("introduced 0", "fixed 2.0.0", "limit *"), "1.9.9", "2.0.0"),
    ("npm", events("introduced 0", "limit 2.0.0", "limit 3.0.0"), "1.0.0 2.5.0", "3.0.0"),
    ("npm", events("introduced 1.0.0", "last_affected 2.0.0", "limit 2.0.0"), "1.9.9", "2.0.0"),
    ("npm", events("limit 3.0.0", "introduced 4.0.0"), "", "2.0.0 4.0.0"),
    (
        "npm",
        events("limit 3.0.0", "fixed 4.0.0", "introduced 2.0.0", "fixed 1.0.0", "introduced 0"),
        "0.5.0 2.5.0",
        "1.5.0 3.0.0 3.5.0",
    ),
    # A pre-release lies where it stands in the order: no ecosystem leaves it out of a range, npm neither.
    ("npm", events("introduced 0", "fixed 1.0.0"), "0.9.0 1.0.0-0 1.0.0-rc.1", "1.0.0 1.0.0+b"),
    ("npm", events("introduced 1.0.0", "last_affected 1.2.3"), "1.0.0 1.2.3+b", "1.0.0-rc.1 1.2.4-0"),
    ("crates.io", events("introduced 0.0.0-0", "fixed 0.1.5"), "0.0.0 0.1.5-alpha", "0.1.5"),
    ("NuGet", events("introduced 1.0", "fixed 2.0"), "1.0.0.0 2.0-beta", "2 2.0.0.0"),
    ("RubyGems", events("introduced 0", "fixed 1.0"), "1.0.rc1 0.9", "1.0.0"),
    ("PyPI", events("introduced 0", "fixed 1.0"), "1.0.dev1", "1.0+x 1.0.post1 1!0.1"),
    ("Maven", events("introduced 0", "fixed 1.0"), "1.0-SNAPSHOT", "1.0.0 1.0.Final 1.0-1"),
    ("Packagist", events("introduced 0", "fixed 1.0.0"), "v0.9 1.0.0-RC1", "v1.0.0.0"),
    (
        "Go",
        events("introduced 0", "fixed 0.0.0-20220101000000-abcdefabcdef"),
        "v0.0.0-20210101000000-aaaaaaaaaaaa",
        "v0.0.0-20220101000000-abcdefabcdef v0.1.0",
    ),
    ("Go", events("introduced 0", "fixed 2.0.0+incompatible"), "v1.9+incompatible", "v2.0.0+incompatible"),
    # Versions that are listed, whatever the ranges are about.
    ("npm", {"versions": ["1.0.0", "1.1.0"]}, "1.0.0 1.1.0", "1.0.1"),
    ("npm", {**events("introduced 0", kind="GIT"), "versions": ["1.0.0"]}, "1.0.0", "1.0.1"),
    ("npm", {**events("introduced 2.0.0", "fixed 2.1.0"), "versions": ["1.0.0"]}, "1.0.0 2.0.5", "2.1.0"),
    ("npm", {}, "", "1.0.0"),
]


@pytest.mark.parametrize(("ecosystem", "said", "within", "without"), CASES)
def test_a_version_is_affected_where_the_evaluation_says_so(
    ecosystem: str, said: Said, within: str, without: str, snapshot_of: Make
) -> None:
    record = {"id": "X-1", "affected": [{"package": {"ecosystem": ecosystem, "name": "p"}, **said}]}
    versions = [*within.split(), *without.split()]
    assert affected(snapshot_of, ecosystem, versions, record) == within.split()


@pytest.mark.parametrize(
    ("ecosystem", "place"),
    [("Packagist", "Packagist:https://packages.drupal.org/8"), ("Maven", "Maven:https://repo.spring.io/x")],
)
def test_a_repository_behind_the_ecosystem_is_a_part_of_it(
    ecosystem: str, place: str, snapshot_of: Make
) -> None:
    said = {"package": {"ecosystem": place, "name": "p"}, "versions": ["1.0.0"]}
    assert affected(snapshot_of, ecosystem, ["1.0.0"], {"id": "X-1", "affected": [said]}) == ["1.0.0"]


@pytest.mark.parametrize("others", [{"related": ["X-2"]}, {"upstream": ["X-2"]}, {"aliases": ["X-2"]}])
def test_a_withdrawn_record_says_nothing_and_takes_no_other_along(others: Said, snapshot_of: Make) -> None:
    said = {"package": {"ecosystem": "npm", "name": "p"}, "versions": ["1.0.0"]}
    gone = {"id": "X-1", "withdrawn": "2024-01-01T00:00:00Z", "affected": [said], **others}
    assert affected(snapshot_of, "npm", ["1.0.0"], gone) == []
    assert affected(snapshot_of, "npm", ["1.0.0"], gone, {"id": "X-2", "affected": [said]}) == ["1.0.0"]


@pytest.mark.parametrize(
    ("said", "remark"),
    [
        (
            events("introduced 0"),
            "known to be affected: < 2.0.0; no fix is known, and of later versions nothing",
        ),
        (events("introduced 0", "fixed 9.0.0"), ""),
        (events("introduced 0", "last_affected 9.0.0"), ""),
    ],
)
def test_a_range_that_github_gives_as_a_hint_narrows_nothing_and_is_told(
    said: Said, remark: str, snapshot_of: Make
) -> None:
    """google/osv.dev, issue 567: with no patch known all subsequent versions are assumed to be affected."""
    hint = {"database_specific": {"last_known_affected_version_range": "< 2.0.0"}}
    record = {"id": "X-1", "affected": [{"package": {"ecosystem": "npm", "name": "p"}, **said, **hint}]}
    assert affected(snapshot_of, "npm", ["1.0.0", "3.0.0"], record) == ["1.0.0", "3.0.0"]
    (advisory,) = (
        each
        for each in osv.Feed("npm").parse(packed(record), "https://x.example")
        if isinstance(each, Advisory)
    )
    assert [each.remark for each in advisory.affected] == [remark]

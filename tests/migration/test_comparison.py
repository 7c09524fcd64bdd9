"""Two sides are held against each other, and what stands in the way is found before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from careen.migration.comparison import counts, differences
from careen.migration.contents import KINDS, Contents, of_registry
from careen.model import digest, ids
from careen.model.registry import Image, Registry, Repository, ScanResult, ScanStatus

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REGISTRY = Registry(ids.new(), "b1g", "prod", NOW, {"team": "shop"})
REPOSITORY = Repository(ids.new(), REGISTRY.id, f"{REGISTRY.id}/web", NOW)
IMAGE = Image(ids.new(), REPOSITORY.id, REPOSITORY.name, digest.of(b""), "", 0, NOW, tags=("a", "b"))
SCAN = ScanResult(ids.new("che"), IMAGE.id, ScanStatus.READY, NOW, NOW)
SOURCE = Contents(
    {REGISTRY.id: REGISTRY},
    {REPOSITORY.id: REPOSITORY},
    {IMAGE.id: IMAGE},
    scan_results={SCAN.id: SCAN},
)


def told(here: Contents) -> list[str]:
    return [str(each) for each in differences(SOURCE, here)]


def test_what_the_api_does_not_say_makes_no_difference() -> None:
    here = replace(
        SOURCE,
        repositories={REPOSITORY.id: replace(REPOSITORY, created_at=NOW + timedelta(1))},
        images={IMAGE.id: replace(IMAGE, media_type="x", size=5, tags=("b", "a"))},
        scan_results={SCAN.id: replace(SCAN, created_at=NOW - timedelta(1), snapshot="x")},
    )
    assert told(here) == []


def test_every_other_difference_is_told_by_its_field() -> None:
    here = replace(
        SOURCE,
        registries={REGISTRY.id: replace(REGISTRY, labels={})},
        images={IMAGE.id: replace(IMAGE, tags=("a",))},
    )
    assert told(here) == [
        f"registries: {REGISTRY.id} has labels {{'team': 'shop'}} at the source and {{}} here",
        f"images: {IMAGE.id} has tags ('a', 'b') at the source and ('a',) here",
    ]


def test_what_one_side_has_alone_is_told_but_scans_of_careens_own() -> None:
    other, scan = replace(IMAGE, id=ids.new()), replace(SCAN, id=ids.new("che"))
    here = replace(SOURCE, images={other.id: other}, scan_results={**SOURCE.scan_results, scan.id: scan})
    assert sorted(told(here)) == sorted(
        [f"images: {IMAGE.id} is missing here", f"images: {other.id} is not at the source"]
    )


def test_contents_are_joined_and_parted_by_registry() -> None:
    other = replace(REGISTRY, id=ids.new())
    both = SOURCE | Contents({other.id: other})
    assert counts(both)["registries"] == 2
    assert of_registry(both, REGISTRY.id) == SOURCE
    assert set(counts(both)) == set(KINDS)

"""What a lifecycle policy deletes."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from careen.jobs.lifecycle import affected, apply_policies
from careen.model import digest, ids
from careen.model.manifest import Descriptor, Manifest
from careen.model.policy import Candidate, LifecyclePolicy, LifecycleRule, PolicyStatus
from careen.model.registry import Image, Registry, Repository
from careen.store import blobs, images, lifecycle, registries, repositories
from careen.store.columns import now
from careen.store.database import Database

TODAY = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


def image(name: str, days: int, *tags: str) -> Candidate:
    """Made so many days ago."""
    return Candidate(name, TODAY - days * DAY, tags)


def policy(*rules: LifecycleRule, repository_id: str = "crp1") -> LifecyclePolicy:
    return LifecyclePolicy(ids.new(), repository_id, "", "", PolicyStatus.ACTIVE, rules, TODAY)


IMAGES = (
    image("a", 9, "test-1"),
    image("b", 7, "test-2", "prod"),
    image("c", 5),
    image("d", 3, "test-3"),
    image("e", 1),
)


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        ([LifecycleRule(tag_regexp="test.*", expire_period=2 * DAY)], "ad"),
        ([LifecycleRule(tag_regexp="test", expire_period=2 * DAY)], ""),
        ([LifecycleRule(tag_regexp="test.*", retained_top=1)], "a"),
        ([LifecycleRule(tag_regexp=".*", retained_top=1)], "ab"),
        ([LifecycleRule(untagged=True, expire_period=2 * DAY)], "c"),
        ([LifecycleRule(untagged=True, retained_top=1)], "c"),
        ([LifecycleRule(untagged=True, expire_period=DAY, retained_top=2)], ""),
        ([LifecycleRule(tag_regexp=".*", untagged=True, expire_period=4 * DAY, retained_top=3)], "ab"),
        (
            [
                LifecycleRule(tag_regexp=".*", expire_period=2 * DAY),
                LifecycleRule(tag_regexp="prod", retained_top=1),
            ],
            "ad",
        ),
        ([], ""),
    ],
)
def test_a_rule_takes_what_it_speaks_of_and_spares_the_newest_and_the_young(
    rules: list[LifecycleRule], gone: str
) -> None:
    assert "".join(each.id for each in affected(policy(*rules), IMAGES, TODAY)) == gone


def test_a_tag_that_no_rule_names_keeps_its_image() -> None:
    rule = LifecycleRule(tag_regexp="test.*", expire_period=DAY)
    assert [each.id for each in affected(policy(rule), IMAGES[:2], TODAY)] == ["a"]


def test_an_expression_that_would_take_for_ever_elsewhere_does_not() -> None:
    hostile = LifecycleRule(tag_regexp="(a+)+b", retained_top=1)
    many = [image(f"i{number}", number, "a" * 128) for number in range(50)]
    assert affected(policy(hostile), many, TODAY) == []


def put(database: Database, repository: Repository, content: bytes, *children: Image) -> Image:
    with database.write() as connection:
        config = digest.of(b"config" + content)
        blobs.add(connection, config, 1)
        blobs.link(connection, repository.id, config)
        named = tuple(Descriptor(MEDIA_TYPE, child.digest, child.size) for child in children)
        manifest = Manifest(
            MEDIA_TYPE,
            digest.of(content),
            len(content),
            None if children else Descriptor("application/json", config, 1),
            (),
            children=named,
        )
        return images.put(connection, repository, manifest, content)


def test_active_policies_delete_and_the_parts_of_an_index_stay_with_it(database: Database) -> None:
    with database.write() as connection:
        registries.add(connection, Registry("crp0", "b1g", "", now()))
        repository = repositories.upsert(connection, "crp0", "crp0/app")
    part, alone, newest = (put(database, repository, name) for name in (b"part", b"alone", b"newest"))
    index = put(database, repository, b"index", part)
    with database.write() as connection:
        images.tag(connection, index, "latest")
        rule = LifecycleRule(untagged=True, retained_top=1)
        lifecycle.add(connection, policy(rule, repository_id=repository.id))
    assert apply_policies(database) == 1
    with database.read() as connection:
        left = {each.id for each in (part, alone, newest, index) if images.get(connection, each.id)}
    assert left >= {part.id, index.id}
    assert len(left) == 3
    assert apply_policies(database) == 0


def test_a_policy_that_cannot_be_carried_out_keeps_no_other_from_it(database: Database) -> None:
    """One that was migrated may have an expression of Java's."""
    with database.write() as connection:
        registries.add(connection, Registry("crp0", "b1g", "", now()))
        mine = [repositories.upsert(connection, "crp0", f"crp0/app{number}") for number in range(2)]
    for repository, expression in zip(mine, ("(?=t).*", "t.*"), strict=True):
        for number in range(2):
            made = put(database, repository, f"{number}".encode())
            with database.write() as connection:
                images.tag(connection, made, f"test-{number}")
        rule = LifecycleRule(tag_regexp=expression, retained_top=1)
        with database.write() as connection:
            lifecycle.add(connection, policy(rule, repository_id=repository.id))
    assert apply_policies(database) == 1
    with database.read() as connection:
        left = [len(images.candidates(connection, repository.id)) for repository in mine]
    assert left == [2, 1]


def test_a_state_tells_of_every_change(database: Database) -> None:
    with database.write() as connection:
        registries.add(connection, Registry("crp0", "b1g", "", now()))
        repository = repositories.upsert(connection, "crp0", "crp0/app")
    seen = []

    def note() -> None:
        with database.read() as connection:
            seen.append(images.state(connection, repository.id))

    note()
    first = put(database, repository, b"first")
    note()
    second = put(database, repository, b"second")
    note()
    for change in (
        lambda connection: images.tag(connection, first, "v1"),
        lambda connection: images.tag(connection, second, "v1"),
        lambda connection: images.untag(connection, repository.id, "v1"),
        lambda connection: images.delete(connection, first.id),
    ):
        time.sleep(0.002)
        with database.write() as connection:
            change(connection)
        note()
    assert len(set(seen)) == len(seen)

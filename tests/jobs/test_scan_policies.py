"""Scans that policies begin."""

import json
from datetime import timedelta

import pytest

from careen.images import manifest as manifests
from careen.jobs.scan_policies import CALLER, ScanPolicies
from careen.jobs.scans import Scans
from careen.model import digest, ids
from careen.model.digest import Digest
from careen.model.policy import ScanPolicy, ScanRule
from careen.model.registry import Image, Operation, Registry, ScanStatus
from careen.store import blobs, images, operations, registries, repositories, scan_policies, scans
from careen.store.columns import now
from careen.store.database import Database

MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
CHART = "application/vnd.cncf.helm.config.v1+json"
DAY = timedelta(days=1)


@pytest.fixture
def world(database: Database) -> tuple[Database, ScanPolicies]:
    with database.write() as connection:
        registries.add(connection, Registry("crp0", "b1g", "", now()))
    start = Scans(database, lambda _operation_id: None, lambda _operation_id: None).start
    return database, ScanPolicies(database, start)


def described(content: bytes, media_type: str) -> tuple[Digest, dict[str, object]]:
    found = digest.of(content)
    return found, {"mediaType": media_type, "digest": found, "size": len(content)}


def push(database: Database, name: str, config_type: str = CONFIG, *, tag: str = "latest") -> Image:
    config = json.dumps({"architecture": "amd64", "os": "linux", "for": name}).encode()
    found, descriptor = described(config, config_type)
    layer, layer_descriptor = described(name.encode(), "application/vnd.oci.image.layer.v1.tar")
    document = {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": descriptor,
        "layers": [layer_descriptor],
    }
    body = json.dumps(document).encode()
    with database.write() as connection:
        repository = repositories.upsert(connection, "crp0", f"crp0/{name}")
        for each, size in ((found, len(config)), (layer, len(name))):
            blobs.add(connection, each, size)
            blobs.link(connection, repository.id, each)
        image = images.put(connection, repository, manifests.parse(body, MEDIA_TYPE), body)
        if tag:
            images.tag(connection, image, tag)
        return image


def adopt(database: Database, *schedule: ScanRule, push_rule: ScanRule | None = None) -> None:
    with database.write() as connection:
        scan_policies.add(connection, ScanPolicy(ids.new(), "crp0", "", "", push_rule, schedule, now()))


def running(database: Database) -> list[Operation]:
    with database.read() as connection:
        return list(operations.unfinished(connection))


def test_a_pushed_image_is_scanned_where_the_push_rule_covers_it(
    world: tuple[Database, ScanPolicies],
) -> None:
    database, policies = world
    adopt(database, push_rule=ScanRule(("shop", "crp0/tools")))
    for name in ("shop/web", "shopping", "tools", "other"):
        policies.pushed(push(database, name))
    with database.read() as connection:
        names = {images.get(connection, each.subject).name for each in running(database)}  # type: ignore[union-attr]  # they exist
    assert names == {"crp0/shop/web", "crp0/tools"}
    assert {each.created_by for each in running(database)} == {CALLER}


def test_without_a_rule_or_with_one_that_is_disabled_nothing_is_scanned(
    world: tuple[Database, ScanPolicies],
) -> None:
    database, policies = world
    policies.pushed(push(database, "a"))
    adopt(database, push_rule=ScanRule(("*",), disabled=True))
    policies.pushed(push(database, "b"))
    assert running(database) == []


def put_index(database: Database, name: str, *parts: Image) -> Image:
    children = [
        {
            "mediaType": part.media_type,
            "digest": part.digest,
            "size": part.size,
            "platform": {"os": "linux", "architecture": f"arm{number}"},
        }
        for number, part in enumerate(parts)
    ]
    body = json.dumps({"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": children}).encode()
    with database.write() as connection:
        repository = repositories.by_name(connection, f"crp0/{name}")
        assert repository is not None
        index = images.put(connection, repository, manifests.parse(body), body)
        images.tag(connection, index, "latest")
    return index


def test_an_index_is_scanned_as_one_and_not_once_more_for_each_part(
    world: tuple[Database, ScanPolicies],
) -> None:
    database, policies = world
    adopt(database, ScanRule(("*",), rescan_period=DAY), push_rule=ScanRule(("*",)))
    part = push(database, "app", tag="")
    policies.pushed(part)
    assert running(database) == []
    index = put_index(database, "app", part)
    policies.pushed(index)
    assert policies.rescan() == 0
    assert [each.subject for each in running(database)] == [index.id]


def test_a_push_whose_scan_a_kill_prevented_is_made_up_for(
    world: tuple[Database, ScanPolicies], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, policies = world
    push(database, "before-the-policy")
    adopt(database, push_rule=ScanRule(("*",)))
    image = push(database, "app")
    assert policies.rescan() == 0  # it may be a part of what is still being pushed
    monkeypatch.setattr("careen.jobs.scan_policies.now", lambda: now() + timedelta(minutes=2))
    assert policies.rescan() == 1
    (operation,) = running(database)
    assert operation.subject == image.id
    end(database, operation)
    assert policies.rescan() == 0


def test_a_chart_is_no_image_to_scan(world: tuple[Database, ScanPolicies]) -> None:
    database, policies = world
    adopt(database, ScanRule(("*",), rescan_period=DAY), push_rule=ScanRule(("*",)))
    policies.pushed(push(database, "chart", CHART))
    assert policies.rescan() == 0
    assert running(database) == []


def end(database: Database, operation: Operation) -> None:
    with database.write() as connection:
        scans.fail(connection, operation.metadata["scan_result_id"], now())
        operations.finish(connection, operation.id, now=now(), error_kind="Invalid", error_message="x")


def test_an_image_is_scanned_again_when_its_period_is_over(world: tuple[Database, ScanPolicies]) -> None:
    database, policies = world
    image = push(database, "app")
    adopt(database, ScanRule(("*",), rescan_period=DAY))
    assert policies.rescan() == 1
    (operation,) = running(database)
    assert operation.subject == image.id
    assert policies.rescan() == 0
    end(database, operation)
    assert policies.rescan() == 0
    with database.read() as connection:
        assert scans.due(connection, image.repository_id, before=now() - DAY) == []
        assert scans.due(connection, image.repository_id, before=now() + DAY) == [image.id]
        assert scans.last(connection, image.id).status is ScanStatus.ERROR  # type: ignore[union-attr]  # there is one


def test_policies_leave_room_for_those_who_ask_by_hand(world: tuple[Database, ScanPolicies]) -> None:
    database, policies = world
    for number in range(40):
        push(database, f"app{number}")
    adopt(database, ScanRule(("*",), rescan_period=DAY))
    begun = policies.rescan()
    assert 0 < begun < 40
    assert policies.rescan() == 0
    for operation in running(database):
        end(database, operation)
    assert policies.rescan() == begun

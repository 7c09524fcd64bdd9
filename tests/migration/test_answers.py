"""What a source says is taken for what it is, and what cannot be is refused."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from yandex.cloud.containerregistry.v1 import (
    image_pb2,
    ip_permission_pb2,
    lifecycle_policy_pb2,
    registry_pb2,
    repository_pb2,
    scan_policy_pb2,
    scanner_pb2,
)

from careen.errors import Invalid
from careen.migration import answers
from careen.migration.answers import InvalidAnswer
from careen.model.registry import Registry, Repository

ID = "crp0123456789abcdefg"
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
REGISTRY = Registry(ID, "b1g", "prod", MOMENT)
REPOSITORY = Repository(ID, ID, f"{ID}/web", MOMENT)
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "said",
    [
        registry_pb2.Registry(id="x", folder_id="b1g"),
        registry_pb2.Registry(id=ID, folder_id="../b1g"),
        registry_pb2.Registry(id=ID, folder_id="b1g", name="UPPER"),
        registry_pb2.Registry(id=ID, folder_id="b1g", labels={"a": "x" * 20_000}),
        registry_pb2.Registry(id=ID, folder_id="b1g", created_at=Timestamp(seconds=1 << 60)),
    ],
)
def test_a_registry_that_cannot_be_is_refused(said: Any) -> None:
    with pytest.raises(InvalidAnswer):
        answers.registry(said)


@pytest.mark.parametrize(
    "name", ["", "web", "other/web", f"{ID}/../x", f"{ID}/a:b", f"{ID}/A", f"{ID}/" + "a" * 300]
)
def test_a_repository_is_named_within_its_registry(name: str) -> None:
    with pytest.raises(InvalidAnswer):
        answers.repository(repository_pb2.Repository(id=ID, name=name), REGISTRY, 0)


def test_repositories_are_made_in_the_order_of_the_list() -> None:
    said = repository_pb2.Repository(id=ID, name=f"{ID}/web")
    made = [answers.repository(said, REGISTRY, place).created_at for place in range(3)]
    assert made == sorted(set(made))


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "nothing"},
        {"digest": "sha256:short"},
        {"tags": ["a b"]},
        {"layers": [{"id": ID, "digest": DIGEST, "size": -1}]},
        {"layers": [{"id": ID, "digest": DIGEST, "size": 1 << 60}]},
        {"layers": [{"id": "../x", "digest": DIGEST, "size": 1}]},
        {"config": {"id": ID, "digest": "md5:1", "size": 1}},
    ],
)
def test_an_image_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    said = image_pb2.Image(**{"id": ID, "name": f"{ID}/web", "digest": DIGEST, **fields})
    with pytest.raises(Invalid):
        answers.image(said, REPOSITORY)


def test_an_address_that_is_none_is_refused() -> None:
    said = ip_permission_pb2.IpPermission(action=ip_permission_pb2.IpPermission.PULL, ip="10.0.0.0/99")
    with pytest.raises(InvalidAnswer, match=r"10\.0\.0\.0/99"):
        answers.permissions([said])


def test_a_scan_says_when_it_ended_and_what_it_counted() -> None:
    counted = scanner_pb2.VulnerabilityStats(critical=1, undefined=2)
    said = scanner_pb2.ScanResult(
        id=ID, image_id=ID, status=scanner_pb2.ScanResult.READY, vulnerabilities=counted
    )
    said.scanned_at.FromDatetime(MOMENT)
    scan = answers.scan(said)
    assert (scan.scanned_at, scan.counts.critical, scan.counts.undefined) == (MOMENT, 1, 2)


@given(
    st.sampled_from(
        [
            (registry_pb2.Registry, answers.registry),
            (lifecycle_policy_pb2.LifecyclePolicy, answers.lifecycle_policy),
            (scan_policy_pb2.ScanPolicy, answers.scan_policy),
            (scanner_pb2.ScanResult, answers.scan),
            (scanner_pb2.Vulnerability, answers.finding),
        ]
    ),
    st.binary(max_size=200),
)
def test_whatever_bytes_come_they_are_read_or_refused(pair: Any, content: bytes) -> None:
    message, read = pair
    said = message()
    try:
        said.ParseFromString(content)
    except Exception:  # noqa: BLE001 - gRPC refuses these before we see them
        return
    with suppress(Invalid):
        read(said)

"""A migration that is killed, throttled, cut off and refused: both sides end alike, or it says why not."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

pytestmark = pytest.mark.e2e

KILLS = 10


def test_a_migration_survives_being_killed_ten_times(
    source: Any, target: Any, between: Any, migrate_through: Callable[..., Any], alike: Callable[..., None]
) -> None:
    chance = random.Random(2026)
    command = [sys.executable, "-m", "careen", "migrate", *between.arguments]
    for _ in range(KILLS):
        with subprocess.Popen(command, env=target.environment, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(0.8, 2.5))
            process.kill()
    done = migrate_through()
    assert done.returncode == 0, done.stdout + done.stderr
    target.start()
    alike()


def test_one_failure_in_twenty_and_broken_lines_cost_only_time(
    target: Any, between: Any, migrate_through: Callable[..., Any], alike: Callable[..., None]
) -> None:
    fails, breaks = between.one_in(20), between.one_in(2)

    def refuse(method: str, metadata: object) -> None:
        if fails():
            raise between.Refused(grpc.StatusCode.UNAVAILABLE, "not now")

    between.faults.before_call = refuse
    between.faults.before_get = lambda path: between.Answer(503) if fails() else None
    between.faults.cut = lambda path, size: size // 2 if "/blobs/" in path and breaks() else None
    done = migrate_through()
    assert done.returncode == 0, done.stdout + done.stderr
    target.start()
    alike()


def test_a_source_that_throttles_is_asked_less_often(
    between: Any, migrate_through: Callable[..., Any]
) -> None:
    asked: list[float] = []

    def refuse(method: str, metadata: object) -> None:
        asked.append(time.monotonic())
        if len(asked) == 5:
            raise between.Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many", retry_after="2")

    between.faults.before_call = refuse
    done = migrate_through()
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked[5] - asked[4] >= 2


def test_a_registry_that_throttles_names_its_wait(between: Any, migrate_through: Callable[..., Any]) -> None:
    refusals = iter([between.Answer(429, {"Retry-After": "1"})])
    between.faults.before_get = lambda path: next(refusals, None) if "/blobs/" in path else None
    assert migrate_through().returncode == 0


def test_what_a_lesser_role_may_not_read_is_told_and_the_rest_comes(
    between: Any, migrate_through: Callable[..., Any]
) -> None:
    closed = ("ScannerService/List", "LifecyclePolicyService/List", "ScanPolicyService/GetByRegistry")

    def deny(method: str, metadata: object) -> None:
        if method.endswith(closed):
            raise between.Refused(grpc.StatusCode.PERMISSION_DENIED, "a role is needed")

    between.faults.before_call = deny
    done = migrate_through("--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["counts"]["images"] == {"source": 4, "careen": 4, "to_come": 0}
    for what in ("the scan results of", "the lifecycle policies of", "the scan policy of"):
        assert any(remark.startswith(what) for remark in report["remarks"]), report["remarks"]


def test_ip_permissions_stay_where_the_source_s_may_not_be_read(
    between: Any, migrate_through: Callable[..., Any]
) -> None:
    assert migrate_through().returncode == 0

    def deny(method: str, metadata: object) -> None:
        if method.endswith("ListIpPermission"):
            raise between.Refused(grpc.StatusCode.PERMISSION_DENIED, "a role is needed")

    between.faults.before_call = deny
    report = json.loads(migrate_through("--format", "json").stdout)
    assert report["counts"]["ip_permissions"] == {"source": 0, "careen": 1, "to_come": 0}


def test_a_list_that_changes_while_it_is_read_is_read_to_the_end(
    between: Any, migrate_through: Callable[..., Any]
) -> None:
    """The source forgets a page token once, and shows a row on two pages."""
    refused: list[str] = []

    def forget(method: str, request: bytes, response: bytes) -> bytes:
        if method.endswith("ImageService/List"):
            return bytes(between.in_pages(request, response, forgets=refused))
        return response

    between.faults.after_call = forget
    done = migrate_through("--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["counts"]["images"]["careen"] == 4
    assert refused


def test_a_token_that_expires_half_way_stops_it_and_another_goes_on(
    target: Any, between: Any, migrate_through: Callable[..., Any], alike: Callable[..., None]
) -> None:
    calls = iter(range(10_000))

    def expire(method: str, metadata: dict[str, str]) -> None:
        if metadata.get("authorization") == "Bearer first" and next(calls) > 12:
            raise between.Refused(grpc.StatusCode.UNAUTHENTICATED, "The token first has expired")

    between.faults.before_call = expire
    stopped = migrate_through("--iam-token-env", "TOKEN", TOKEN="first")
    assert stopped.returncode == 1
    assert "UNAUTHENTICATED" in stopped.stderr
    assert "first" not in stopped.stderr + stopped.stdout
    done = migrate_through("--iam-token-env", "TOKEN", TOKEN="second")
    assert done.returncode == 0, done.stdout + done.stderr
    target.start()
    alike()


def test_a_key_gives_another_token_when_one_expires(
    between: Any, migrate_through: Callable[..., Any], key_file: str
) -> None:
    spent: set[str] = set()
    calls = iter(range(10_000))

    def expire(method: str, metadata: dict[str, str]) -> None:
        bearer = metadata.get("authorization", "")
        if next(calls) == 20:
            spent.add(bearer)
        if bearer in spent:
            raise between.Refused(grpc.StatusCode.UNAUTHENTICATED, "expired")

    between.faults.before_call = expire
    done = migrate_through("--credentials", key_file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert spent
    assert len({bearer for _, bearer in between.seen if bearer.startswith("Bearer t1.")}) > 1


def test_a_blob_that_is_lost_leaves_its_image_incomplete_and_comes_another_time(
    source: Any, target: Any, between: Any, migrate_through: Callable[..., Any], alike: Callable[..., None]
) -> None:
    with source.client() as http:
        query = {"registryId": source.registry_id()}
        image = http.get("/container-registry/v1/images", params=query).json()["images"][0]
    lost = image["layers"][-1]["digest"]
    between.faults.before_get = lambda path: between.Answer(404) if path.endswith(f"/blobs/{lost}") else None
    done = migrate_through("--format", "json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert not report["agrees"]
    assert [each["image_id"] for each in report["incomplete_images"]] == [image["id"]]
    assert [blob["digest"] for blob in report["incomplete_images"][0]["blobs"]] == [lost]
    assert report["differences"] == []  # it is kept, and shows what it lacks
    between.faults.before_get = lambda path: None
    again = migrate_through()
    assert again.returncode == 0, again.stdout + again.stderr
    target.start()
    alike()

"""The constraints of the protos, one kind after another."""

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from yandex.cloud.containerregistry.v1 import (
    ip_permission_pb2,
    lifecycle_policy_pb2,
    lifecycle_policy_service_pb2,
    registry_service_pb2,
    repository_service_pb2,
    scan_policy_pb2,
    scan_policy_service_pb2,
    scanner_service_pb2,
)
from yandex.cloud.iam.v1 import iam_token_service_pb2

from careen.api.validation import InvalidRequest, check


def wrong(request: Message) -> list[str]:
    """The fields at fault."""
    try:
        check(request)
    except InvalidRequest as error:
        return [violation.field for violation in error.violations]
    return []


def registry(**fields: Any) -> Message:
    return registry_service_pb2.CreateRegistryRequest(folder_id="folder", **fields)


def lifecycle(*rules: lifecycle_policy_pb2.LifecycleRule) -> Message:
    return lifecycle_policy_service_pb2.CreateLifecyclePolicyRequest(
        repository_id="crp", status=lifecycle_policy_pb2.LifecyclePolicy.ACTIVE, rules=rules
    )


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("", []),
        ("abc", []),
        ("a" * 63, []),
        ("a" * 64, ["name"]),
        ("ab", ["name"]),
        ("Abc", ["name"]),
        ("abc\n", ["name"]),
    ],
)
def test_a_pattern_must_match_the_whole_value(name: str, fields: list[str]) -> None:
    assert wrong(registry(name=name)) == fields


def test_an_empty_value_must_match_too_where_the_pattern_does_not_say_otherwise() -> None:
    empty = ip_permission_pb2.IpPermission(action=ip_permission_pb2.IpPermission.PULL)
    request = registry_service_pb2.SetIpPermissionRequest(registry_id="crp", ip_permission=[empty])
    assert wrong(request) == ["ip_permission[0].ip"]


def test_the_keys_and_the_values_of_a_map_are_checked() -> None:
    assert wrong(registry(labels={"key": "value", "a-1_": ""})) == []
    assert wrong(registry(labels={"": "value"})) == ["labels (a key)"]
    assert wrong(registry(labels={"1": "value"})) == ["labels (a key)"]
    assert wrong(registry(labels={"k" * 64: "value"})) == ["labels (a key)"]
    assert wrong(registry(labels={"key": "V"})) == ["labels (a value)"]
    assert wrong(registry(labels={"key": "v" * 64})) == ["labels (a value)"]


def test_the_number_of_elements_is_checked() -> None:
    assert wrong(registry(labels={f"key{number}": "" for number in range(64)})) == []
    assert wrong(registry(labels={f"key{number}": "" for number in range(65)})) == ["labels"]
    nothing = registry_service_pb2.UpdateIpPermissionRequest(registry_id="crp")
    assert wrong(nothing) == ["ip_permission_deltas"]


def test_messages_within_messages_are_checked() -> None:
    delta = ip_permission_pb2.IpPermissionDelta(action=ip_permission_pb2.ADD)
    request = registry_service_pb2.UpdateIpPermissionRequest(registry_id="crp", ip_permission_deltas=[delta])
    assert wrong(request) == ["ip_permission_deltas[0].ip_permission"]
    delta.ip_permission.ip = "no address"
    again = registry_service_pb2.UpdateIpPermissionRequest(registry_id="crp", ip_permission_deltas=[delta])
    within = "ip_permission_deltas[0].ip_permission."
    assert wrong(again) == [within + "action", within + "ip"]


def test_durations_and_numbers_have_bounds() -> None:
    rule = lifecycle_policy_pb2.LifecycleRule
    assert wrong(lifecycle(rule(expire_period=Duration(seconds=86400), retained_top=0))) == []
    assert wrong(lifecycle(rule())) == []
    too_small = rule(expire_period=Duration(seconds=86399), retained_top=-1)
    assert wrong(lifecycle(rule(), too_small)) == ["rules[1].expire_period", "rules[1].retained_top"]


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(1 << 62, 0), (-(1 << 62), 0), (315_576_000_001, 0), (86400, 10**9), (86400, -1), (-86400, 1)],
)
def test_what_is_no_duration_is_refused(seconds: int, nanos: int) -> None:
    period = Duration(seconds=seconds, nanos=nanos)
    rules = scan_policy_pb2.ScanRules(
        schedule_rules=[scan_policy_pb2.ScheduledRule(repository_prefixes=["*"], rescan_period=period)]
    )
    request = scan_policy_service_pb2.CreateScanPolicyRequest(registry_id="crp", rules=rules)
    assert wrong(request) == ["rules.schedule_rules[0].rescan_period"]
    rule = lifecycle_policy_pb2.LifecycleRule(untagged=True, expire_period=period)
    assert wrong(lifecycle(rule)) == ["rules[0].expire_period"]


def test_every_element_of_a_list_is_checked() -> None:
    rules = scan_policy_pb2.ScanRules()
    rules.push_rule.repository_prefixes[:] = ["*", "crp/app", "Crp"]
    request = scan_policy_service_pb2.CreateScanPolicyRequest(registry_id="crp", rules=rules)
    assert wrong(request) == ["rules.push_rule.repository_prefixes[2]"]
    rules.push_rule.ClearField("repository_prefixes")
    empty = scan_policy_service_pb2.CreateScanPolicyRequest(registry_id="crp", rules=rules)
    assert wrong(empty) == ["rules.push_rule.repository_prefixes"]


def test_exactly_one_of_a_oneof_must_be_given() -> None:
    listing = scanner_service_pb2.ListScanResultsRequest
    assert wrong(listing()) == ["id"]
    assert wrong(listing(image_id="")) == ["image_id"]
    assert wrong(listing(repository_id="crp")) == []
    token = iam_token_service_pb2.CreateIamTokenRequest
    assert wrong(token()) == ["identity"]
    assert wrong(token(jwt="j" * 8000)) == []
    assert wrong(token(jwt="j" * 8001)) == ["jwt"]


def test_a_hostile_list_of_faults_is_cut_short() -> None:
    bad = [ip_permission_pb2.IpPermission(ip="x") for _ in range(1000)]
    assert len(wrong(registry_service_pb2.SetIpPermissionRequest(registry_id="crp", ip_permission=bad))) == 20


@given(st.text(max_size=2000))
def test_a_repository_name_is_checked_quickly_whatever_it_is(name: str) -> None:
    request = repository_service_pb2.UpsertRepositoryRequest(name=name)
    assert wrong(request) in ([], ["name"])


@pytest.mark.parametrize("name", ["a" * 100_000, "a/" * 50_000, "a-" * 50_000 + "!", "1" * 100_000 + "!"])
@pytest.mark.timeout(5)
def test_a_name_made_to_exhaust_a_pattern_does_not(name: str) -> None:
    assert wrong(repository_service_pb2.UpsertRepositoryRequest(name=name)) == ["name"]
    permission = ip_permission_pb2.IpPermission(ip="a:/" + name, action=ip_permission_pb2.IpPermission.PULL)
    request = registry_service_pb2.SetIpPermissionRequest(registry_id="crp", ip_permission=[permission])
    assert wrong(request) == ["ip_permission[0].ip"]


def test_a_number_that_no_name_of_an_enum_has_is_refused() -> None:
    def update(status: Any) -> Message:
        return lifecycle_policy_service_pb2.UpdateLifecyclePolicyRequest(
            lifecycle_policy_id="crp", status=status
        )

    assert wrong(update(7)) == ["status"]
    assert wrong(update(2)) == []


def test_an_update_needs_no_value_for_what_its_mask_does_not_name() -> None:
    update = lifecycle_policy_service_pb2.UpdateLifecyclePolicyRequest(lifecycle_policy_id="crp", name="abc")
    assert wrong(update) == ["status"]
    update.update_mask.paths.append("name")
    assert wrong(update) == []
    update.lifecycle_policy_id = ""
    assert wrong(update) == ["lifecycle_policy_id"]

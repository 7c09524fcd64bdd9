"""Update masks at both doors: whole fields, parts of them, and what is neither."""

import json
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st
from yandex.cloud.containerregistry.v1.registry_pb2 import Registry
from yandex.cloud.containerregistry.v1.registry_service_pb2 import UpdateRegistryRequest

from careen.api.masks import Mask
from careen.api.validation import InvalidRequest

V1 = "/container-registry/v1"
UPDATE = "yandex.cloud.containerregistry.v1.RegistryService.Update"
PUSH = {"repositoryPrefixes": ["tools"], "disabled": False}
DAILY = {"repositoryPrefixes": ["*"], "rescanPeriod": "86400s", "disabled": False}


def faults(answer: Any) -> list[str]:
    assert answer.status_code == 400, answer.text
    return [each["field"] for each in answer.json()["details"][0]["fieldViolations"]]


@pytest.fixture
def scan_policy(world: Any) -> str:
    """The path of one with rules of both kinds."""
    body = {"registryId": world.registry.id, "rules": {"pushRule": PUSH, "scheduleRules": [DAILY]}}
    made = world.http.post(f"{V1}/scanPolicies", json=body).json()
    return f"{V1}/scanPolicies/{made['metadata']['scanPolicyId']}"


def rules_after(world: Any, path: str, mask: str, rules: Any) -> Any:
    answer = world.http.patch(path, json={"updateMask": mask, "rules": rules, "name": "left-alone"})
    assert answer.status_code == 200, answer.text
    policy = world.http.get(path).json()
    assert "name" not in policy
    return policy["rules"]


@pytest.mark.parametrize("mask", ["rules.pushRule", "rules.push_rule", " rules.push_rule "])
def test_a_part_of_a_field_is_written_and_the_rest_is_left(world: Any, scan_policy: str, mask: str) -> None:
    new = {"repositoryPrefixes": ["*"], "disabled": True}
    rules = rules_after(world, scan_policy, mask, {"pushRule": new, "scheduleRules": []})
    assert rules == {"pushRule": new, "scheduleRules": [DAILY]}


def test_a_part_within_a_part_is_written(world: Any, scan_policy: str) -> None:
    rules = rules_after(
        world, scan_policy, "rules.pushRule.disabled,rules.scheduleRules", {"pushRule": {"disabled": True}}
    )
    assert rules == {"pushRule": {**PUSH, "disabled": True}}


def test_a_part_that_the_request_has_not_is_cleared(world: Any, scan_policy: str) -> None:
    assert rules_after(world, scan_policy, "rules.pushRule", {}) == {"scheduleRules": [DAILY]}
    made_incomplete = {"updateMask": "rules.pushRule.disabled", "rules": {"pushRule": {"disabled": True}}}
    answer = world.http.patch(
        scan_policy, json=made_incomplete | {"rules": {"pushRule": {"repositoryPrefixes": ["a"]}}}
    )
    assert faults(answer) == ["rules.push_rule.repository_prefixes"]


def test_one_label_is_written_or_taken_away(world: Any) -> None:
    path = f"{V1}/registries/{world.registry.id}"

    def after(mask: str, **labels: str) -> Any:
        answer = world.http.patch(path, json={"updateMask": mask, "labels": labels, "name": "left-alone"})
        assert answer.status_code == 200, answer.text
        return world.http.get(path).json()["labels"]

    assert after("labels.stage", stage="test", team="ignored") == {"team": "careen", "stage": "test"}
    assert after("labels.my_key1", my_key1="a") == {"team": "careen", "stage": "test", "my_key1": "a"}
    assert after("labels.team") == {"stage": "test", "my_key1": "a"}
    assert after("labels.nothing") == {"stage": "test", "my_key1": "a"}
    assert after("labels.stage,labels", only="this") == {"only": "this"}
    assert world.http.get(path).json()["name"] == "harbour"


def test_the_labels_together_stay_within_their_bound(world: Any) -> None:
    path = f"{V1}/registries/{world.registry.id}"
    many = {f"key{number}": "" for number in range(64)}
    assert world.http.patch(path, json={"updateMask": "labels", "labels": many}).is_success
    more = {"updateMask": "labels.more", "labels": {"more": ""}}
    assert faults(world.http.patch(path, json=more)) == ["labels"]


BAD = [
    "*",
    "id",
    "registry_id",
    "update_mask",
    "Labels",
    "name.x",
    "labels.",
    "labels.a.b",
    ".labels",
    "name,,labels",
    "naïve",
    "name\0",
    "a" * 3000,
]


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_leads_nowhere_is_refused(world: Any, path: str) -> None:
    request = UpdateRegistryRequest(registry_id=world.registry.id, update_mask=FieldMask(paths=[path]))
    with pytest.raises(grpc.RpcError) as caught:
        world.invoke(UPDATE, request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    refused = world.http.patch(f"{V1}/registries/{world.registry.id}", json={"updateMask": path})
    if path != "Labels":  # which is camelCase for _labels
        assert faults(refused)[0].partition(".")[0] == "update_mask"
    assert world.http.get(f"{V1}/registries/{world.registry.id}").json()["name"] == "harbour"


@pytest.mark.parametrize("mask", [1, ["name"], {"paths": ["name"]}, True])
def test_a_mask_that_is_no_text_is_refused(world: Any, mask: Any) -> None:
    answer = world.http.patch(f"{V1}/registries/{world.registry.id}", json={"updateMask": mask})
    assert faults(answer) == ["updateMask"]


@pytest.mark.parametrize("mask", [None, "", " "])
def test_an_empty_mask_names_all_fields(world: Any, mask: Any) -> None:
    path = f"{V1}/registries/{world.registry.id}"
    assert world.http.patch(path, json={"updateMask": mask, "labels": {"a": "b"}}).is_success
    registry = world.http.get(path).json()
    assert (registry.get("name"), registry["labels"]) == (None, {"a": "b"})


def test_the_mask_is_in_the_audit_log_as_it_was_written(world: Any) -> None:
    request = UpdateRegistryRequest(
        registry_id=world.registry.id, update_mask=FieldMask(paths=["labels.my_KEY", "name"])
    )
    world.invoke(UPDATE, request)
    (event,) = [json.loads(line) for line in world.audit.read_text().splitlines()]
    assert event["request_parameters"]["update_mask"] == "labels.my_KEY,name"


LABELS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"))


@given(LABELS, LABELS, st.lists(st.sampled_from("abcd"), min_size=1))
def test_only_the_named_labels_change(before: dict[str, str], asked: dict[str, str], keys: list[str]) -> None:
    paths = [f"labels.{key}" for key in keys]
    request = UpdateRegistryRequest(
        registry_id="crp", labels=asked, update_mask=FieldMask(paths=paths), name="other-name"
    )
    new = Mask(request, ("name", "labels")).values(Registry(name="its-name", labels=before))
    named, rest = set(keys), {key: value for key, value in before.items() if key not in keys}
    assert new.keys() == {"labels"}
    assert dict(new["labels"]) == rest | {key: value for key, value in asked.items() if key in named}


@given(st.text(max_size=30))
def test_no_path_makes_it_fail(path: str) -> None:
    request = UpdateRegistryRequest(registry_id="crp")
    try:
        request.update_mask.paths.append(path)
    except (ValueError, UnicodeEncodeError):  # half a character cannot be sent
        return
    try:
        Mask(request, ("name", "labels")).values(Registry())
    except InvalidRequest as error:
        assert error.field == "update_mask"  # noqa: PT017 - it may pass as well

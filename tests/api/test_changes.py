"""What is made, changed and deleted through the API: registries, repositories, images, policies."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.message import Message

from careen.api import lifecycle_policies
from careen.api.methods import METHODS

PREFIX = "yandex.cloud.containerregistry.v1."
REST = "/container-registry/v1"


def create(world: Any, **fields: Any) -> dict[str, Any]:
    answer = world.http.post(f"{REST}/registries", json={"folderId": "b1g0", **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(answer: Any) -> tuple[int, int, str]:
    told = answer.json()
    return answer.status_code, told["code"], told["message"]


def faults(answer: Any) -> list[str]:
    """The fields at fault."""
    return [
        each["field"] for detail in answer.json()["details"] for each in detail.get("fieldViolations", ())
    ]


def test_a_registry_is_made_at_once(world: Any) -> None:
    operation = create(world, name="first", labels={"team": "a"})
    assert operation["done"]
    registry = operation["response"]
    assert registry["@type"].endswith("containerregistry.v1.Registry")
    assert (registry["name"], registry["status"], registry["labels"]) == ("first", "ACTIVE", {"team": "a"})
    assert operation["metadata"]["registryId"] == registry["id"]
    assert world.http.get(f"{REST}/registries/{registry['id']}").json()["name"] == "first"


def test_a_name_is_one_registrys_in_its_folder(world: Any) -> None:
    create(world, name="taken")
    answer = world.http.post(f"{REST}/registries", json={"folderId": "b1g0", "name": "taken"})
    assert refused(answer)[:2] == (409, 6)
    create(world, name="taken", folderId="b1g1")
    create(world)
    create(world)  # without a name there may be many


def test_an_update_writes_what_its_mask_names(world: Any) -> None:
    path = f"{REST}/registries/{create(world, name='old', labels={'a': '1'})['metadata']['registryId']}"
    changed = world.http.patch(path, json={"updateMask": "labels", "labels": {"b": "2"}, "name": "ignored"})
    assert changed.json()["response"]["labels"] == {"b": "2"}
    assert world.http.get(path).json()["name"] == "old"
    assert world.http.patch(path, json={"name": "new"}).json()["response"].get("labels", {}) == {}
    assert refused(world.http.patch(path, json={"updateMask": "folderId"}))[:2] == (400, 3)


def test_a_registry_with_images_is_deleted_only_by_force(world: Any) -> None:
    path = f"{REST}/registries/{world.registry.id}"
    assert refused(world.http.delete(path))[:2] == (400, 9)
    operation = world.call(f"{PREFIX}RegistryService.ForceDelete", registryId=world.registry.id)
    assert operation.done
    assert operation.response.type_url.endswith("google.protobuf.Empty")
    assert refused(world.http.get(path))[:2] == (404, 5)
    assert refused(world.http.get(f"{REST}/images/{world.image.id}"))[:2] == (404, 5)


def test_a_secure_registry_scans_on_push_and_every_seven_days(world: Any) -> None:
    registry_id = create(world, secure=True)["metadata"]["registryId"]
    policy = world.http.get(f"{REST}/scanPolicies/{registry_id}:byRegistry").json()
    assert policy["rules"]["pushRule"]["repositoryPrefixes"] == ["*"]
    assert [rule["rescanPeriod"] for rule in policy["rules"]["scheduleRules"]] == ["604800s"]


def test_a_repository_is_there_after_every_upsert(world: Any) -> None:
    name = f"{world.registry.id}/made/by-hand"
    first, again = (world.http.post(f"{REST}/repositories", json={"name": name}).json() for _ in range(2))
    assert first["response"] == again["response"]
    assert first["response"]["name"] == name
    deleted = world.http.delete(f"{REST}/repositories/{first['response']['id']}").json()
    assert deleted["done"]
    assert refused(world.http.get(f"{REST}/repositories/{first['response']['id']}"))[:2] == (404, 5)
    assert refused(world.http.post(f"{REST}/repositories", json={"name": "crpunknown/app"}))[:2] == (404, 5)
    assert refused(world.http.post(f"{REST}/repositories", json={"name": "alone"}))[:2] == (400, 3)
    too_long = {"name": f"{name}/{'a' * 255}"}
    assert refused(world.http.post(f"{REST}/repositories", json=too_long))[:2] == (400, 3)
    assert refused(world.http.delete(f"{REST}/repositories/{world.repository.id}"))[:2] == (400, 9)


def test_an_image_goes_with_its_tags(world: Any) -> None:
    operation = world.http.delete(f"{REST}/images/{world.image.id}").json()
    assert operation["metadata"]["imageId"] == world.image.id
    assert refused(world.http.get(f"{REST}/images/{world.image.id}"))[:2] == (404, 5)
    assert refused(world.http.delete(f"{REST}/images/{world.image.id}"))[:2] == (404, 5)


def test_ip_permissions_are_set_and_updated(world: Any) -> None:
    path = f"{REST}/registries/{world.registry.id}"
    pull, push = {"action": "PULL", "ip": "10.0.0.0/8"}, {"action": "PUSH", "ip": "2001:db8::1"}
    assert world.http.post(f"{path}:setIpPermission", json={"ipPermission": [pull]}).json()["done"]
    deltas = [{"action": "ADD", "ipPermission": push}, {"action": "REMOVE", "ipPermission": pull}]
    assert world.http.post(f"{path}:updateIpPermission", json={"ipPermissionDeltas": deltas}).json()["done"]
    assert world.http.get(f"{path}:listIpPermission").json() == {"permissions": [push]}
    nonsense = {"action": "PULL", "ip": "300.1.1.1"}
    answer = world.http.post(f"{path}:setIpPermission", json={"ipPermission": [pull, nonsense]})
    assert refused(answer)[:2] == (400, 3)
    assert faults(answer) == ["ip_permission[1].ip"]
    deltas = [{"action": "ADD", "ipPermission": nonsense}]
    answer = world.http.post(f"{path}:updateIpPermission", json={"ipPermissionDeltas": deltas})
    assert faults(answer) == ["ip_permission_deltas[0].ip_permission.ip"]
    assert world.http.get(f"{path}:listIpPermission").json() == {"permissions": [push]}


RULE = {"tagRegexp": "test.*", "expirePeriod": "172800s", "retainedTop": "3"}


def policy(world: Any, **fields: Any) -> Any:
    body = {"repositoryId": world.repository.id, "status": "ACTIVE", "rules": [RULE], **fields}
    return world.http.post(f"{REST}/lifecyclePolicies", json=body)


def test_a_lifecycle_policy_comes_back_as_it_was_made(world: Any) -> None:
    made = policy(world, name="clean").json()["response"]
    assert (made["status"], made["rules"]) == ("ACTIVE", [RULE | {"untagged": False}])
    assert world.http.get(f"{REST}/lifecyclePolicies/{made['id']}").json()["name"] == "clean"
    listed = world.http.get(f"{REST}/lifecyclePolicies", params={"registryId": world.registry.id}).json()
    assert [each["id"] for each in listed["lifecyclePolicies"]] == [made["id"]]


def test_a_repository_has_one_active_lifecycle_policy(world: Any) -> None:
    assert policy(world).status_code == 200
    assert refused(policy(world))[:2] == (409, 6)
    second = policy(world, status="DISABLED").json()["response"]["id"]
    change = {"status": "ACTIVE", "updateMask": "status"}
    assert refused(world.http.patch(f"{REST}/lifecyclePolicies/{second}", json=change))[:2] == (409, 6)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"expirePeriod": "86400s"}, "rules[0]"),
        ({"tagRegexp": "a"}, "rules[0]"),
        ({"tagRegexp": "a", "expirePeriod": "90000s"}, "rules[0].expire_period"),
        ({"tagRegexp": "(", "retainedTop": "1"}, "rules[0].tag_regexp"),
        ({"tagRegexp": "(?=a)", "retainedTop": "1"}, "rules[0].tag_regexp"),
    ],
)
def test_a_rule_needs_a_filter_a_condition_and_whole_days(
    world: Any, rule: dict[str, str], field: str
) -> None:
    answer = policy(world, rules=[rule])
    assert refused(answer)[:2] == (400, 3)
    assert faults(answer) == [field]


def test_a_dry_run_names_the_images_that_would_go(world: Any) -> None:
    made = policy(world, status="DISABLED", rules=[{"tagRegexp": ".*", "retainedTop": "1"}]).json()[
        "response"
    ]
    newer = world.push("tools/app", "newer")
    operation = world.http.post(f"{REST}/dryRunLifecyclePolicy/{made['id']}").json()
    result = operation["response"]
    assert result["affectedImagesCount"] == "1"
    path = f"{REST}/dryRunLifecyclePolicyResults/{result['dryRunLifecyclePolicyResultId']}"
    assert world.http.get(path).json() == {
        key: value for key, value in result.items() if not key.startswith("@")
    }
    affected = world.http.get(f"{path}:affectedImages").json()["affectedImages"]
    assert [image["id"] for image in affected] == [world.image.id]
    assert newer.id != world.image.id
    listed = world.http.get(
        f"{REST}/dryRunLifecyclePolicyResults", params={"lifecyclePolicyId": made["id"]}
    ).json()
    assert len(listed["dryRunLifecyclePolicyResults"]) == 1


def test_a_push_does_not_wait_for_a_dry_run(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = policy(world, rules=[{"tagRegexp": ".*", "retainedTop": "1"}]).json()["response"]
    compute: Any = vars(lifecycle_policies)["affected"]
    pushed: list[Any] = []

    def affected(*arguments: Any) -> Any:
        pushed.append(world.push("tools/app", f"while-it-runs-{len(pushed)}"))
        return compute(*arguments)

    monkeypatch.setattr(lifecycle_policies, "affected", affected)
    run = world.http.post(f"{REST}/dryRunLifecyclePolicy/{made['id']}").json()["response"]
    assert len(pushed) == 1
    assert run["affectedImagesCount"] == "0"  # of what there was when it began
    again = world.http.post(f"{REST}/dryRunLifecyclePolicy/{made['id']}").json()["response"]
    assert again["affectedImagesCount"] == "1"


def test_a_registry_has_one_scan_policy(world: Any) -> None:
    path = f"{REST}/scanPolicies/{world.registry.id}:byRegistry"
    assert refused(world.http.get(path)) == (
        400,
        9,
        f"Scan policy not found for registry {world.registry.id}",
    )
    assert "scanPolicyForRegistryNotFoundException" in world.http.get(path).text
    rules = {
        "pushRule": {"repositoryPrefixes": ["tools"], "disabled": True},
        "scheduleRules": [{"repositoryPrefixes": ["*"], "rescanPeriod": "86400s"}],
    }
    body = {"registryId": world.registry.id, "rules": rules}
    made = world.http.post(f"{REST}/scanPolicies", json=body).json()["response"]
    assert world.http.get(path).json()["rules"]["pushRule"] == rules["pushRule"]
    assert refused(world.http.post(f"{REST}/scanPolicies", json=body))[:2] == (409, 6)
    change = {"rules": {"pushRule": {"repositoryPrefixes": ["*"]}}, "updateMask": "rules"}
    changed = world.http.patch(f"{REST}/scanPolicies/{made['id']}", json=change).json()["response"]
    assert changed["rules"] == {"pushRule": {"repositoryPrefixes": ["*"], "disabled": False}}
    assert world.http.delete(f"{REST}/scanPolicies/{made['id']}").json()["done"]
    assert refused(world.http.get(path))[:2] == (400, 9)


def test_an_operation_keeps_what_it_ended_in(world: Any) -> None:
    made = create(world, name="as-it-was", labels={"a": "b"})
    path = f"{REST}/registries/{made['metadata']['registryId']}"
    renamed = world.http.patch(path, json={"updateMask": "name", "name": "renamed"}).json()
    world.http.delete(path)
    for operation, name in ((made, "as-it-was"), (renamed, "renamed")):
        again = world.http.get(f"/operations/{operation['id']}").json()
        assert again == operation
        assert again["response"]["name"] == name
    assert refused(world.http.get(path))[:2] == (404, 5)


def test_a_repeated_call_is_told_the_same_though_the_resource_is_gone(world: Any) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"folderId": "b1g0", "name": "short-lived"}
    made = world.http.post(f"{REST}/registries", json=body, headers=headers).json()
    world.http.delete(f"{REST}/registries/{made['metadata']['registryId']}")
    assert world.http.post(f"{REST}/registries", json=body, headers=headers).json() == made


def test_the_same_key_is_the_same_operation(world: Any) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"folderId": "b1g7", "name": "once"}
    with ThreadPoolExecutor(8) as pool:
        calls = [
            pool.submit(world.http.post, f"{REST}/registries", json=body, headers=headers) for _ in range(8)
        ]
    assert len({call.result().json()["id"] for call in calls}) == 1
    listed = world.http.get(f"{REST}/registries", params={"folderId": "b1g7"}).json()["registries"]
    assert [each["name"] for each in listed] == ["once"]
    other = world.http.post(f"{REST}/registries", json=body | {"name": "twice"}, headers=headers)
    assert refused(other)[:2] == (409, 6)


def test_the_same_key_is_the_same_operation_by_grpc(world: Any) -> None:
    method = METHODS[f"{PREFIX}RegistryService.Create"]
    call = world.plaintext.unary_unary(
        method.grpc_path,
        request_serializer=method.request.SerializeToString,
        response_deserializer=method.response.FromString,
    )
    metadata = (("idempotency-key", str(uuid4())),)

    def made() -> Message:
        response: Message = call(method.request(folder_id="b1g8"), metadata=metadata)
        return response

    assert made() == made()


def test_a_scan_that_is_cancelled_ends_in_error(world: Any) -> None:
    operation = world.http.post(f"{REST}/scans", json={"imageId": world.image.id}).json()
    cancelled = world.http.get(f"/operations/{operation['id']}:cancel").json()
    assert (cancelled["done"], cancelled["error"]["code"]) == (True, 1)
    assert world.executor.left == [operation["id"]]
    assert world.http.post(f"/operations/{operation['id']}:cancel").json() == cancelled
    scan_id = operation["metadata"]["scanResultId"]
    assert world.http.get(f"{REST}/scans/{scan_id}").json()["status"] == "ERROR"
    world.executor.finish()
    time.sleep(timedelta(milliseconds=50).total_seconds())
    assert world.http.get(f"/operations/{operation['id']}").json() == cancelled


def test_a_delete_by_grpc_of_what_is_not_there_is_not_found(world: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        world.call(f"{PREFIX}LifecyclePolicyService.Delete", lifecyclePolicyId="crp0")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND

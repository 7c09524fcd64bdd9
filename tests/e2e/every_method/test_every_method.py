"""Every method of every service, over every door, with what it really did.

Paths and types are those of Yandex' documentation, written down here once more; that no method is missing is
held against the protos. What a call did is read afterwards, by another door than the one that made it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from yandex.cloud.containerregistry import v1

pytestmark = pytest.mark.e2e

V1 = "/container-registry/v1"
CR = "yandex.cloud.containerregistry.v1"
EMPTY, SET, UPDATE = (
    "google.protobuf.Empty",
    "yandex.cloud.access.SetAccessBindingsMetadata",
    "yandex.cloud.access.UpdateAccessBindingsMetadata",
)
MODULES = {
    "OperationService": "yandex.cloud.operation.operation_service_pb2",
    "IamTokenService": "yandex.cloud.iam.v1.iam_token_service_pb2",
    "ApiEndpointService": "yandex.cloud.endpoint.api_endpoint_service_pb2",
    **{
        f"{name}Service": f"{CR}.{module}_service_pb2"
        for name, module in {
            "Registry": "registry",
            "Repository": "repository",
            "Image": "image",
            "LifecyclePolicy": "lifecycle_policy",
            "ScanPolicy": "scan_policy",
            "Scanner": "scanner",
        }.items()
    },
}


@dataclass(frozen=True)
class Method:
    service: str
    name: str
    module: str
    verb: str
    path: str
    ends_in: tuple[str, str] | None = None
    is_without_token: bool = False


Call = Callable[..., Any]
Behaviour = Callable[[Any, Call], None]
TABLE: dict[str, tuple[Method, Behaviour]] = {}


def row(
    name: str, http: str = "", metadata: str = "", response: str = EMPTY
) -> Callable[[Behaviour], Behaviour]:
    """The decorated function calls the method of that name, and looks whether it did what it should."""
    service, _, method = name.partition(".")
    verb, _, path = http.partition(" ")
    ends = (
        tuple(each if "." in each else f"{CR}.{each}" for each in (metadata, response)) if metadata else None
    )

    def put(behaviour: Behaviour) -> Behaviour:
        is_without_token = service in {"IamTokenService", "ApiEndpointService"}
        found = Method(service, method, MODULES[service], verb, path, ends, is_without_token)  # type: ignore[arg-type]
        TABLE[name] = found, behaviour
        return behaviour

    return put


# Registries


@row("RegistryService.Get", f"GET {V1}/registries/{{registryId}}")
def get_registry(ground: Any, call: Call) -> None:
    made = ground.registry(labels={"team": "a"})
    told = call(registryId=made["id"])
    assert {key: told[key] for key in ("id", "folderId", "name", "status", "labels")} == {
        key: made[key] for key in ("id", "folderId", "name", "status", "labels")
    }


@row("RegistryService.List", f"GET {V1}/registries")
def list_registries(ground: Any, call: Call) -> None:
    folder = ground.fresh("folder")
    made = [ground.registry(folderId=folder) for _ in range(3)]
    rows = list(all_pages(call, "registries", folderId=folder, pageSize=2))
    assert [each["id"] for each in rows] == [each["id"] for each in made]
    (found,) = call(folderId=folder, filter=f'name = "{made[1]["name"]}"')["registries"]
    assert found["id"] == made[1]["id"]


@row("RegistryService.Create", f"POST {V1}/registries", "CreateRegistryMetadata", "Registry")
def create_registry(ground: Any, call: Call) -> None:
    folder, name = ground.fresh("folder"), ground.fresh()
    told = call(folderId=folder, name=name, labels={"a": "b"})
    made = ground.get(f"{V1}/registries/{told['metadata']['registryId']}")
    assert told["response"]["id"] == made["id"]
    assert (made["folderId"], made["name"], made["labels"]) == (folder, name, {"a": "b"})
    assert told["operation"]["createdBy"] == ground.account_id


@row("RegistryService.Update", f"PATCH {V1}/registries/{{registryId}}", "UpdateRegistryMetadata", "Registry")
def update_registry(ground: Any, call: Call) -> None:
    made, name = ground.registry(labels={"a": "b"}), ground.fresh()
    call(registryId=made["id"], updateMask="name", name=name, labels={"not": "this"})
    changed = ground.get(f"{V1}/registries/{made['id']}")
    assert (changed["name"], changed["labels"]) == (name, {"a": "b"})


@row("RegistryService.Delete", f"DELETE {V1}/registries/{{registryId}}", "DeleteRegistryMetadata")
def delete_registry(ground: Any, call: Call) -> None:
    made = ground.registry()
    assert call(registryId=made["id"])["metadata"] == {"registryId": made["id"]}
    assert ground.is_gone(f"{V1}/registries/{made['id']}")


@row("RegistryService.ForceDelete", "", "DeleteRegistryMetadata")
def force_delete_registry(ground: Any, call: Call) -> None:
    image = ground.image()
    registry_id = image["name"].partition("/")[0]
    call(registryId=registry_id)
    assert ground.is_gone(f"{V1}/registries/{registry_id}")
    assert ground.is_gone(f"{V1}/images/{image['id']}")


@row("RegistryService.ListIpPermission", f"GET {V1}/registries/{{registryId}}:listIpPermission")
def list_ip_permission(ground: Any, call: Call) -> None:
    registry_id = ground.registry()["id"]
    permissions = [{"action": "PULL", "ip": "10.0.0.0/8"}, {"action": "PUSH", "ip": "2001:db8::1"}]
    ground.make(f"registries/{registry_id}:setIpPermission", ipPermission=permissions)
    assert call(registryId=registry_id)["permissions"] == permissions


@row(
    "RegistryService.SetIpPermission",
    f"POST {V1}/registries/{{registryId}}:setIpPermission",
    "SetIpPermissionMetadata",
)
def set_ip_permission(ground: Any, call: Call) -> None:
    registry_id, only = ground.registry()["id"], [{"action": "PUSH", "ip": "10.1.2.3"}]
    call(registryId=registry_id, ipPermission=[{"action": "PULL", "ip": "10.0.0.0/8"}])
    call(registryId=registry_id, ipPermission=only)
    assert ground.get(f"{V1}/registries/{registry_id}:listIpPermission")["permissions"] == only


@row(
    "RegistryService.UpdateIpPermission",
    f"POST {V1}/registries/{{registryId}}:updateIpPermission",
    "UpdateIpPermissionMetadata",
)
def update_ip_permission(ground: Any, call: Call) -> None:
    registry_id = ground.registry()["id"]
    pull, push = {"action": "PULL", "ip": "10.0.0.0/8"}, {"action": "PUSH", "ip": "10.1.2.3"}
    ground.make(f"registries/{registry_id}:setIpPermission", ipPermission=[pull])
    deltas = [{"action": "ADD", "ipPermission": push}, {"action": "REMOVE", "ipPermission": pull}]
    call(registryId=registry_id, ipPermissionDeltas=deltas)
    assert ground.get(f"{V1}/registries/{registry_id}:listIpPermission")["permissions"] == [push]


# Access bindings, of registries and of repositories


def bound(subject: str, role: str = "container-registry.images.puller") -> Any:
    return {"roleId": role, "subject": {"id": subject, "type": "serviceAccount"}}


def list_bindings(path: str, subject: str, ground: Any, call: Call) -> None:
    some = [bound(f"aje{number}") for number in range(3)]
    ground.make(f"{path}/{subject}:setAccessBindings", accessBindings=some)
    assert list(all_pages(call, "accessBindings", resourceId=subject, pageSize=2)) == some


def set_bindings(path: str, subject: str, ground: Any, call: Call) -> None:
    call(resourceId=subject, accessBindings=[bound("aje1"), bound("aje2")])
    call(resourceId=subject, accessBindings=[bound("aje3")])
    listed = ground.get(f"{V1}/{path}/{subject}:listAccessBindings")
    assert listed["accessBindings"] == [bound("aje3")]


def update_bindings(path: str, subject: str, ground: Any, call: Call) -> None:
    ground.make(f"{path}/{subject}:setAccessBindings", accessBindings=[bound("aje1")])
    deltas = [
        {"action": "ADD", "accessBinding": bound("aje2")},
        {"action": "REMOVE", "accessBinding": bound("aje1")},
    ]
    assert call(resourceId=subject, accessBindingDeltas=deltas)["metadata"] == {"resourceId": subject}
    listed = ground.get(f"{V1}/{path}/{subject}:listAccessBindings")
    assert listed["accessBindings"] == [bound("aje2")]


@row("RegistryService.ListAccessBindings", f"GET {V1}/registries/{{resourceId}}:listAccessBindings")
def list_registry_bindings(ground: Any, call: Call) -> None:
    list_bindings("registries", ground.registry()["id"], ground, call)


@row("RegistryService.SetAccessBindings", f"POST {V1}/registries/{{resourceId}}:setAccessBindings", SET)
def set_registry_bindings(ground: Any, call: Call) -> None:
    set_bindings("registries", ground.registry()["id"], ground, call)


@row(
    "RegistryService.UpdateAccessBindings",
    f"POST {V1}/registries/{{resourceId}}:updateAccessBindings",
    UPDATE,
)
def update_registry_bindings(ground: Any, call: Call) -> None:
    update_bindings("registries", ground.registry()["id"], ground, call)


@row("RepositoryService.ListAccessBindings", f"GET {V1}/repositories/{{resourceId}}:listAccessBindings")
def list_repository_bindings(ground: Any, call: Call) -> None:
    list_bindings("repositories", ground.repository()["id"], ground, call)


@row("RepositoryService.SetAccessBindings", f"POST {V1}/repositories/{{resourceId}}:setAccessBindings", SET)
def set_repository_bindings(ground: Any, call: Call) -> None:
    set_bindings("repositories", ground.repository()["id"], ground, call)


@row(
    "RepositoryService.UpdateAccessBindings",
    f"POST {V1}/repositories/{{resourceId}}:updateAccessBindings",
    UPDATE,
)
def update_repository_bindings(ground: Any, call: Call) -> None:
    update_bindings("repositories", ground.repository()["id"], ground, call)


# Repositories and images


@row("RepositoryService.Get", f"GET {V1}/repositories/{{repositoryId}}")
def get_repository(ground: Any, call: Call) -> None:
    made = ground.repository()
    assert call(repositoryId=made["id"]) == made


@row("RepositoryService.GetByName", f"GET {V1}/repositories/{{repositoryName}}:byName")
def get_repository_by_name(ground: Any, call: Call) -> None:
    made = ground.repository()
    assert call(repositoryName=made["name"]) == made


@row("RepositoryService.List", f"GET {V1}/repositories")
def list_repositories(ground: Any, call: Call) -> None:
    registry_id = ground.registry()["id"]
    made = sorted((ground.repository(registry_id) for _ in range(3)), key=lambda each: each["name"])
    asked = {"registryId": registry_id, "orderBy": "name desc", "pageSize": 2}
    assert list(all_pages(call, "repositories", **asked)) == made[::-1]


@row("RepositoryService.Upsert", f"POST {V1}/repositories", "UpsertRepositoryMetadata", "Repository")
def upsert_repository(ground: Any, call: Call) -> None:
    name = f"{ground.registry()['id']}/new/{ground.fresh()}"
    first, second = call(name=name), call(name=name)
    assert first["response"] == second["response"] == ground.get(f"{V1}/repositories/{name}:byName")


@row("RepositoryService.Delete", f"DELETE {V1}/repositories/{{repositoryId}}", "DeleteRepositoryMetadata")
def delete_repository(ground: Any, call: Call) -> None:
    made = ground.repository()
    call(repositoryId=made["id"])
    assert ground.is_gone(f"{V1}/repositories/{made['id']}")


@row("ImageService.Get", f"GET {V1}/images/{{imageId}}")
def get_image(ground: Any, call: Call) -> None:
    image = ground.image()
    told = call(imageId=image["id"])
    assert {key: told[key] for key in ("id", "name", "digest", "tags")} == {
        key: image[key] for key in ("id", "name", "digest", "tags")
    }
    sizes = [int(blob["size"]) for blob in (told["config"], *told["layers"])]
    assert int(told["compressedSize"]) == sum(sizes)


@row("ImageService.List", f"GET {V1}/images")
def list_images(ground: Any, call: Call) -> None:
    name = ground.repository()["name"]
    made = [ground.image(name, tag) for tag in ("one", "two", "three")]
    asked = {"repositoryName": name, "orderBy": "createdAt", "pageSize": 2}
    assert [each["id"] for each in all_pages(call, "images", **asked)] == [each["id"] for each in made]


@row("ImageService.Delete", f"DELETE {V1}/images/{{imageId}}", "DeleteImageMetadata")
def delete_image(ground: Any, call: Call) -> None:
    image = ground.image()
    call(imageId=image["id"])
    assert ground.is_gone(f"{V1}/images/{image['id']}")
    gone = ground.rest.http.get(f"/v2/{image['name']}/manifests/latest", auth=("iam", ground.rest.token))
    assert gone.status_code == 404


# Lifecycle policies

RULE = {"tagRegexp": "test.*", "expirePeriod": "172800s", "retainedTop": "3"}
POLICIES = f"{V1}/lifecyclePolicies"


def policy(ground: Any, repository_id: str = "", **fields: Any) -> Any:
    body = {"repositoryId": repository_id or ground.repository()["id"], "status": "DISABLED", "rules": [RULE]}
    return ground.make("lifecyclePolicies", **body | fields)


@row("LifecyclePolicyService.Get", f"GET {POLICIES}/{{lifecyclePolicyId}}")
def get_policy(ground: Any, call: Call) -> None:
    made = policy(ground, name="kept", description="said")
    told = call(lifecyclePolicyId=made["id"])
    for key in ("id", "repositoryId", "name", "description", "status"):
        assert told[key] == made[key]
    assert seconds(told["rules"][0]["expirePeriod"]) == 172800


@row("LifecyclePolicyService.List", f"GET {POLICIES}")
def list_policies(ground: Any, call: Call) -> None:
    repository_id = ground.repository()["id"]
    names = ["second", "first", "third"]
    for name in names:
        policy(ground, repository_id, name=name)
    asked = {"repositoryId": repository_id, "orderBy": "name", "pageSize": 2}
    rows = all_pages(call, "lifecyclePolicies", **asked)
    assert [each["name"] for each in rows] == sorted(names)


@row("LifecyclePolicyService.Create", f"POST {POLICIES}", "CreateLifecyclePolicyMetadata", "LifecyclePolicy")
def create_policy(ground: Any, call: Call) -> None:
    repository_id = ground.repository()["id"]
    told = call(repositoryId=repository_id, name="new", status="ACTIVE", rules=[RULE])
    made = ground.get(f"{POLICIES}/{told['metadata']['lifecyclePolicyId']}")
    assert (made["repositoryId"], made["status"]) == (repository_id, "ACTIVE")
    assert made["rules"] == [RULE | {"untagged": False}]


@row(
    "LifecyclePolicyService.Update",
    f"PATCH {POLICIES}/{{lifecyclePolicyId}}",
    "UpdateLifecyclePolicyMetadata",
    "LifecyclePolicy",
)
def update_policy(ground: Any, call: Call) -> None:
    made = policy(ground, name="old", description="kept")
    fields = {
        "status": "ACTIVE",
        "rules": [{"untagged": True, "retainedTop": "1"}],
        "description": "not this",
    }
    call(lifecyclePolicyId=made["id"], updateMask="status,rules", **fields)
    changed = ground.get(f"{POLICIES}/{made['id']}")
    assert [changed[key] for key in ("name", "description", "status")] == ["old", "kept", "ACTIVE"]
    assert changed["rules"] == fields["rules"]


@row(
    "LifecyclePolicyService.Delete",
    f"DELETE {POLICIES}/{{lifecyclePolicyId}}",
    "DeleteLifecyclePolicyMetadata",
)
def delete_policy(ground: Any, call: Call) -> None:
    made = policy(ground)
    call(lifecyclePolicyId=made["id"])
    assert ground.is_gone(f"{POLICIES}/{made['id']}")


DRY_RUNS = f"{V1}/dryRunLifecyclePolicyResults"
RESULT = "{dryRunLifecyclePolicyResultId}"


def greedy(ground: Any) -> tuple[str, list[str]]:
    """The id of a policy that would delete the first two of three images, and theirs."""
    repository = ground.repository()
    made = [ground.image(repository["name"], tag)["id"] for tag in ("one", "two", "three")]
    rules = [{"tagRegexp": ".*", "retainedTop": "1"}]
    return policy(ground, repository["id"], rules=rules)["id"], made[:2]


def dry_run(ground: Any) -> tuple[str, list[str]]:
    policy_id, doomed = greedy(ground)
    return ground.make(f"dryRunLifecyclePolicy/{policy_id}")["dryRunLifecyclePolicyResultId"], doomed


@row(
    "LifecyclePolicyService.DryRun",
    f"POST {V1}/dryRunLifecyclePolicy/{{lifecyclePolicyId}}",
    "DryRunLifecyclePolicyMetadata",
    "DryRunLifecyclePolicyResult",
)
def run_dry(ground: Any, call: Call) -> None:
    policy_id, doomed = greedy(ground)
    run_id = call(lifecyclePolicyId=policy_id)["metadata"]["dryRunLifecyclePolicyResultId"]
    listed = ground.get(f"{DRY_RUNS}/{run_id}:affectedImages")["affectedImages"]
    assert [each["id"] for each in listed] == doomed


@row("LifecyclePolicyService.GetDryRunResult", f"GET {DRY_RUNS}/{RESULT}")
def get_dry_run(ground: Any, call: Call) -> None:
    run_id, doomed = dry_run(ground)
    told = call(dryRunLifecyclePolicyResultId=run_id)
    assert (told["dryRunLifecyclePolicyResultId"], int(told["affectedImagesCount"])) == (run_id, len(doomed))


@row("LifecyclePolicyService.ListDryRunResults", f"GET {DRY_RUNS}")
def list_dry_runs(ground: Any, call: Call) -> None:
    policy_id, _ = greedy(ground)
    runs = [ground.make(f"dryRunLifecyclePolicy/{policy_id}") for _ in range(3)]
    ids = [run["dryRunLifecyclePolicyResultId"] for run in runs]
    asked = {"lifecyclePolicyId": policy_id, "orderBy": "runAt", "pageSize": 2}
    rows = all_pages(call, "dryRunLifecyclePolicyResults", **asked)
    assert [each["dryRunLifecyclePolicyResultId"] for each in rows] == ids


@row("LifecyclePolicyService.ListDryRunResultAffectedImages", f"GET {DRY_RUNS}/{RESULT}:affectedImages")
def list_affected(ground: Any, call: Call) -> None:
    run_id, doomed = dry_run(ground)
    rows = all_pages(call, "affectedImages", dryRunLifecyclePolicyResultId=run_id, pageSize=1)
    assert [each["id"] for each in rows] == doomed


# Scan policies

SCAN_POLICIES = f"{V1}/scanPolicies"
PUSH = {"repositoryPrefixes": ["tools"], "disabled": True}
DAILY = {"repositoryPrefixes": ["*"], "rescanPeriod": "86400s", "disabled": False}


def scan_policy(ground: Any) -> Any:
    rules = {"pushRule": PUSH, "scheduleRules": [DAILY]}
    return ground.make("scanPolicies", registryId=ground.registry()["id"], name="made", rules=rules)


@row("ScanPolicyService.Get", f"GET {SCAN_POLICIES}/{{scanPolicyId}}")
def get_scan_policy(ground: Any, call: Call) -> None:
    made = scan_policy(ground)
    told = call(scanPolicyId=made["id"])
    assert [told[key] for key in ("id", "registryId", "name")] == [
        made[key] for key in ("id", "registryId", "name")
    ]
    assert told["rules"]["pushRule"] == PUSH
    assert seconds(told["rules"]["scheduleRules"][0]["rescanPeriod"]) == 86400


@row("ScanPolicyService.GetByRegistry", f"GET {SCAN_POLICIES}/{{registryId}}:byRegistry")
def get_scan_policy_by_registry(ground: Any, call: Call) -> None:
    made = scan_policy(ground)
    assert call(registryId=made["registryId"])["id"] == made["id"]


@row("ScanPolicyService.Create", f"POST {SCAN_POLICIES}", "CreateScanPolicyMetadata", "ScanPolicy")
def create_scan_policy(ground: Any, call: Call) -> None:
    registry_id, rules = ground.registry()["id"], {"pushRule": PUSH, "scheduleRules": [DAILY]}
    told = call(registryId=registry_id, name="new", description="said", rules=rules)
    made = ground.get(f"{SCAN_POLICIES}/{registry_id}:byRegistry")
    assert (made["id"], made["description"]) == (told["metadata"]["scanPolicyId"], "said")
    assert made["rules"] == rules


@row(
    "ScanPolicyService.Update",
    f"PATCH {SCAN_POLICIES}/{{scanPolicyId}}",
    "UpdateScanPolicyMetadata",
    "ScanPolicy",
)
def update_scan_policy(ground: Any, call: Call) -> None:
    made, new = scan_policy(ground), {"repositoryPrefixes": ["*"], "disabled": False}
    call(scanPolicyId=made["id"], updateMask="rules", name="not-this", rules={"pushRule": new})
    changed = ground.get(f"{SCAN_POLICIES}/{made['id']}")
    assert (changed["name"], changed["rules"]) == ("made", {"pushRule": new})


@row("ScanPolicyService.Delete", f"DELETE {SCAN_POLICIES}/{{scanPolicyId}}", "DeleteScanPolicyMetadata")
def delete_scan_policy(ground: Any, call: Call) -> None:
    made = scan_policy(ground)
    call(scanPolicyId=made["id"])
    assert ground.is_gone(f"{SCAN_POLICIES}/{made['id']}")


# Scans

SCANS = f"{V1}/scans"


@row("ScannerService.Scan", f"POST {SCANS}", "ScanMetadata", "ScanResult")
def scan(ground: Any, call: Call) -> None:
    image_id = ground.image()["id"]
    told = call(imageId=image_id)
    assert told["metadata"] == {"scanResultId": told["response"]["id"]}
    result = ground.get(f"{SCANS}/{told['response']['id']}")
    assert (result["imageId"], result["status"]) == (image_id, "READY")
    assert sum(map(int, result["vulnerabilities"].values())) > 0
    assert {
        name: int(count) for name, count in told["response"]["vulnerabilities"].items() if int(count)
    } == {name: int(count) for name, count in result["vulnerabilities"].items() if int(count)}


@row("ScannerService.Get", f"GET {SCANS}/{{scanResultId}}")
def get_scan(ground: Any, call: Call) -> None:
    result = ground.scan(ground.image()["id"])
    told = call(scanResultId=result["id"])
    assert [told[key] for key in ("id", "imageId", "status")] == [
        result[key] for key in ("id", "imageId", "status")
    ]


@row("ScannerService.GetLast", f"GET {V1}/images/{{imageId}}:lastScanResult")
def get_last_scan(ground: Any, call: Call) -> None:
    image_id = ground.image()["id"]
    _, second = ground.scan(image_id), ground.scan(image_id)
    assert call(imageId=image_id)["id"] == second["id"]


@row("ScannerService.List", f"GET {SCANS}")
def list_scans(ground: Any, call: Call) -> None:
    image_id = ground.image()["id"]
    made = {ground.scan(image_id)["id"] for _ in range(3)}
    rows = list(all_pages(call, "scanResults", imageId=image_id, filter='status = "READY"', pageSize=2))
    assert ({each["id"] for each in rows}, len(rows)) == (made, 3)


@row("ScannerService.ListVulnerabilities", f"GET {SCANS}/{{scanResultId}}:listVulnerabilities")
def list_vulnerabilities(ground: Any, call: Call) -> None:
    result = ground.scan(ground.image()["id"])
    rows = list(all_pages(call, "vulnerabilities", scanResultId=result["id"], pageSize=1))
    assert len(rows) == sum(map(int, result["vulnerabilities"].values())) > 0
    assert {each["package"]["package"] for each in rows} == {"busybox"}
    severity = rows[0]["severity"]
    chosen = call(scanResultId=result["id"], filter=f'Vulnerability.severity = "{severity}"')[
        "vulnerabilities"
    ]
    assert len(chosen) == int(result["vulnerabilities"][severity.lower()])


# Operations, tokens, endpoints


@row("OperationService.Get", "GET /operations/{operationId}")
def get_operation(ground: Any, call: Call) -> None:
    body = {"folderId": ground.fresh("folder"), "name": ground.fresh()}
    begun = ground.rest.ask("POST", f"{V1}/registries", json=body)
    told = call(operationId=begun["id"])
    assert (told["id"], told["done"], told["createdBy"]) == (begun["id"], True, ground.account_id)
    assert told["description"] == begun["description"] == f"Create registry {begun['metadata']['registryId']}"


@row("OperationService.Cancel", "GET /operations/{operationId}:cancel")
def cancel_operation(ground: Any, call: Call) -> None:
    begun = ground.slow_scan()
    told = call(operationId=begun["id"])
    assert (told["done"], told["error"]["code"]) == (True, 1)
    result = ground.get(f"{SCANS}/{begun['metadata']['scanResultId']}")
    assert result["status"] == "ERROR"


@row("IamTokenService.Create", "POST /iam/v1/tokens")
def create_token(ground: Any, call: Call) -> None:
    told = call(jwt=ground.jwt())
    assert ground.subject_of(told["iamToken"]) == ground.account_id


@row("IamTokenService.CreateForServiceAccount", "POST /iam/v1/tokens:createForServiceAccount")
def create_token_for_account(ground: Any, call: Call) -> None:
    told = call(serviceAccountId=ground.account_id)
    assert ground.subject_of(told["iamToken"]) == ground.account_id


@row("IamTokenService.Revoke", "POST /iam/v1/tokens:revoke")
def revoke_token(ground: Any, call: Call) -> None:
    path = "/iam/v1/tokens:createForServiceAccount"
    token = ground.rest.ask("POST", path, json={"serviceAccountId": ground.account_id})["iamToken"]
    assert ground.subject_of(token) == ground.account_id
    assert call(iamToken=token)["subjectId"] == ground.account_id
    assert ground.subject_of(token) == ""


@row("ApiEndpointService.Get", "GET /endpoints/{apiEndpointId}")
def get_endpoint(ground: Any, call: Call) -> None:
    told = call(apiEndpointId="container-registry")
    assert told["address"].rpartition(":")[2] == str(ground.server.grpc_port)


@row("ApiEndpointService.List", "GET /endpoints")
def list_endpoints(ground: Any, call: Call) -> None:
    listed = {each["id"]: each["address"] for each in all_pages(call, "endpoints", pageSize=3)}
    for name in ("container-registry", "operation", "iam", "endpoint", "resource-manager"):
        assert listed[name].rpartition(":")[2] == str(ground.server.grpc_port)


# How the table is used


def all_pages(call: Call, name: str, **request: Any) -> Iterator[Any]:
    token = ""
    while True:
        told = call(**request, pageToken=token)
        yield from told.get(name, ())
        token = told.get("nextPageToken", "")
        if not token:
            return


def seconds(duration: Any) -> int:
    """As JSON has it, or as the Node SDK shows it."""
    return int(duration["seconds"] if isinstance(duration, dict) else duration.removesuffix("s"))


def test_no_method_is_missing() -> None:
    packages = [f"{CR}.{each.name}" for each in pkgutil.iter_modules(v1.__path__)]
    modules = {name for name in packages if name.endswith("_service_pb2")} | set(MODULES.values())
    services = [
        service
        for module in modules
        for service in importlib.import_module(module).DESCRIPTOR.services_by_name.values()
    ]
    names = {f"{service.name}.{method.name}" for service in services for method in service.methods}
    assert TABLE.keys() == names
    assert len(names) == 42 + 7


DOORS = ["rest", "python_sdk", "python_sdk_with_key", "node_sdk"]
# There is no way to it by HTTP, and the Node SDK's protos are older.
LACKING = {
    ("rest", "RegistryService.ForceDelete"),
    ("node_sdk", "RegistryService.ForceDelete"),
    ("node_sdk", "IamTokenService.Revoke"),
}


@pytest.fixture(scope="module")
def rest(ground: Any) -> Any:
    return ground.rest


@pytest.mark.parametrize(
    ("door", "name"), [(door, name) for door in DOORS for name in TABLE if (door, name) not in LACKING]
)
def test_every_method_does_what_it_says(
    ground: Any, request: pytest.FixtureRequest, door: str, name: str
) -> None:
    method, behaviour = TABLE[name]
    through = request.getfixturevalue(door)

    def call(**fields: Any) -> Any:
        return through.call(method, {key: value for key, value in fields.items() if value != ""})

    behaviour(ground, call)

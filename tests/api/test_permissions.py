"""Every role against every method, at both doors."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from careen.api.methods import METHODS, Method
from careen.auth import accounts, iam_tokens
from careen.auth.roles import ROLES
from careen.model.access import CLOUD, AccessBinding, Resource, ResourceKind, SubjectType
from careen.model.ids import new
from careen.model.policy import DryRun, LifecyclePolicy, LifecycleRule, PolicyStatus, ScanPolicy
from careen.store import access_bindings, lifecycle, scan_policies
from careen.store.columns import now

# Written down once more, from the documentation: a method without a row here fails.
VIEWERS = {"viewer", "images.puller", "images.pusher", "images.scanner", "editor", "admin"}
POLICY_VIEWERS = {"viewer", "editor", "admin"}
PUSHERS = {"images.pusher", "editor", "admin"}
SCANNERS = {"images.scanner", "editor", "admin"}
EDITORS = {"editor", "admin"}
ADMINS = {"admin"}
FORCE_DELETERS = {"registries.forceDeleter"}
ALL = VIEWERS | FORCE_DELETERS | {""}  # "" = an account without any role

EXPECTED = {
    "containerregistry.v1.RegistryService": {
        "Get": VIEWERS,
        "List": VIEWERS,
        "Create": EDITORS,
        "Update": EDITORS,
        "Delete": EDITORS,
        "ForceDelete": FORCE_DELETERS,
        "ListAccessBindings": ADMINS,
        "SetAccessBindings": ADMINS,
        "UpdateAccessBindings": ADMINS,
        "ListIpPermission": EDITORS,
        "SetIpPermission": ADMINS,
        "UpdateIpPermission": ADMINS,
    },
    "containerregistry.v1.RepositoryService": {
        "Get": VIEWERS,
        "GetByName": VIEWERS,
        "List": VIEWERS,
        "Upsert": PUSHERS,
        "Delete": PUSHERS,
        "ListAccessBindings": ADMINS,
        "SetAccessBindings": ADMINS,
        "UpdateAccessBindings": ADMINS,
    },
    "containerregistry.v1.ImageService": {"Get": VIEWERS, "List": VIEWERS, "Delete": PUSHERS},
    "containerregistry.v1.LifecyclePolicyService": {
        "Get": POLICY_VIEWERS,
        "List": POLICY_VIEWERS,
        "Create": EDITORS,
        "Update": EDITORS,
        "Delete": EDITORS,
        "DryRun": EDITORS,
        "GetDryRunResult": POLICY_VIEWERS,
        "ListDryRunResults": POLICY_VIEWERS,
        "ListDryRunResultAffectedImages": POLICY_VIEWERS,
    },
    "containerregistry.v1.ScanPolicyService": {
        "Get": POLICY_VIEWERS,
        "GetByRegistry": POLICY_VIEWERS,
        "Create": EDITORS,
        "Update": EDITORS,
        "Delete": EDITORS,
    },
    "containerregistry.v1.ScannerService": {
        "Scan": SCANNERS,
        "Get": SCANNERS,
        "GetLast": SCANNERS,
        "List": SCANNERS,
        "ListVulnerabilities": SCANNERS,
    },
    "operation.OperationService": {"Get": SCANNERS, "Cancel": SCANNERS},  # of a Scan by another
    "endpoint.ApiEndpointService": {"Get": ALL, "List": ALL},
    "resourcemanager.v1.CloudService": {"List": ALL},
    "resourcemanager.v1.FolderService": {"List": ADMINS},  # who have theirs here on the whole cloud
    "iam.v1.IamTokenService": {"Create": ALL, "CreateForServiceAccount": ADMINS, "Revoke": ALL},
}
IAM = "iam.v1.IamTokenService"
PUBLIC = {"endpoint.ApiEndpointService.Get", "endpoint.ApiEndpointService.List", f"{IAM}.Create"}
BY_ITSELF = f"{IAM}.Revoke"  # the token in the request is proof enough; a wrong one beside it is not let pass


def expected(method: Method) -> Collection[str]:
    """The full names of the roles that suffice; "" among them means that every account does."""
    short = EXPECTED[method.service.removeprefix("yandex.cloud.")][method.name]
    full = {f"container-registry.{role}" if role else "" for role in short}
    return full | (short & {"viewer", "editor", "admin"})


def is_public(method: Method) -> bool:
    return method.full_name.removeprefix("yandex.cloud.") in PUBLIC


def is_open(method: Method) -> bool:
    return is_public(method) or method.full_name.endswith(BY_ITSELF)


@dataclass
class Guarded:
    """A world in which something of each kind is there, and an account of each role on its folder."""

    world: Any
    ids: Mapping[str, str]  # by the fields of requests
    tokens: Mapping[str, str] = field(default_factory=dict)

    def request(self, method: Method) -> Message:
        """One that is valid."""
        wanted: dict[str, Any] = {}
        for each in method.request.DESCRIPTOR.fields:
            if each.name in self.ids and (each.containing_oneof is None or each.name != "repository_id"):
                wanted[each.name] = self.ids[each.name]
        wanted |= BODIES.get(method.name, {})
        if method.service.endswith("RepositoryService") and "resource_id" in wanted:
            wanted["resource_id"] = self.ids["repository_id"]
        if method.name == "Upsert":
            wanted["name"] = f"{self.world.registry.id}/new"
        if method.service.endswith("LifecyclePolicyService") and method.name in {"Create", "Update"}:
            wanted |= {"status": "DISABLED", "rules": [{"untagged": True, "retained_top": 3}]}
        return json_format.ParseDict(wanted, method.request())

    def by_grpc(self, method: Method, authorization: str) -> int:
        """The code of the answer."""
        try:
            self.world.invoke(method.full_name, self.request(method), authorization)
        except grpc.RpcError as error:
            return int(error.code().value[0])
        return 0

    def by_rest(self, method: Method, authorization: str) -> int:
        """The code of the answer."""
        assert method.http is not None
        fields = json_format.MessageToDict(self.request(method), preserving_proto_field_name=True)
        path = re.sub(r"{(\w+)}", lambda match: quote(fields.pop(match[1]), safe=""), method.http.path)
        answer = self.world.http.request(
            method.http.verb,
            path,
            headers={"authorization": authorization} if authorization else {},
            json=fields if method.http.has_body else None,
            params=None if method.http.has_body else {name: str(value) for name, value in fields.items()},
        )
        return 0 if answer.is_success else int(answer.json()["code"])


BINDING = {"role_id": "viewer", "subject": {"id": "ajesomebody", "type": "userAccount"}}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "UpdateAccessBindings": {"access_binding_deltas": [{"action": "ADD", "access_binding": BINDING}]},
    "UpdateIpPermission": {
        "ip_permission_deltas": [{"action": "ADD", "ip_permission": {"action": "PULL", "ip": "10.0.0.1"}}]
    },
}


@pytest.fixture
def guarded(guarded_world: Any) -> Guarded:
    return of_world(guarded_world)


@pytest.fixture(scope="module")
def still_guarded(still_guarded_world: Any) -> Guarded:
    return of_world(still_guarded_world)


def of_world(world: Any) -> Guarded:
    operation = world.executor.start(world.image, caller="somebody else")
    world.executor.finish()
    ids = {
        "cloud_id": CLOUD.id,
        "folder_id": world.registry.folder_id,
        "registry_id": world.registry.id,
        "repository_id": world.repository.id,
        "repository_name": world.repository.name,
        "resource_id": world.registry.id,
        "image_id": world.image.id,
        "scan_result_id": operation.metadata["scan_result_id"],
        "operation_id": operation.id,
        **policies(world),
        "service_account_id": world.account("robot").id,
        "iam_token": world.token(world.account("leaving")).removeprefix("Bearer "),
        "yandex_passport_oauth_token": "y0_wrong",
        "api_endpoint_id": "iam",
    }
    return Guarded(world, ids, tokens_of_roles(world))


def tokens_of_roles(world: Any) -> Mapping[str, str]:
    """Of an account with each role on the folder; who makes tokens for others has it on everything."""
    folder = Resource(ResourceKind.FOLDER, world.registry.folder_id)
    tokens = {}
    with world.database.write() as connection:
        for number, role in enumerate(["", *ROLES]):
            account = accounts.make(connection, f"account-{number}", SubjectType.SERVICE, now())
            binding = AccessBinding(role, account.type, account.id)
            access_bindings.add(connection, CLOUD if role.endswith("admin") else folder, binding)
            tokens[role] = f"Bearer {iam_tokens.issue(connection, account.id, now()).text}"
    return tokens


def policies(world: Any) -> Mapping[str, str]:
    rule = LifecycleRule(untagged=True, retained_top=1)
    policy = LifecyclePolicy(new(), world.repository.id, "old", "", PolicyStatus.DISABLED, (rule,), now())
    scan_policy = ScanPolicy(new(), world.registry.id, "", "", None, (), now())
    run = DryRun(new(), policy.id, now(), 0)
    with world.database.write() as connection:
        lifecycle.add(connection, policy)
        lifecycle.add_dry_run(connection, run, [])
        scan_policies.add(connection, scan_policy)
    return {
        "lifecycle_policy_id": policy.id,
        "scan_policy_id": scan_policy.id,
        "dry_run_lifecycle_policy_result_id": run.id,
    }


def each(methods: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("method", methods, ids=lambda method: method.full_name[13:])


DENIED, UNKNOWN = 7, 16


@each(METHODS.values())
def test_the_roles_that_suffice_are_those_of_the_documentation(guarded: Guarded, method: Method) -> None:
    """Who may not comes first: who may, deletes."""
    sufficient = expected(method)
    doors = [guarded.by_grpc, *([guarded.by_rest] if method.http else [])]
    others = [role for role in guarded.tokens if role not in sufficient and "" not in sufficient]
    told = [(role, door(method, guarded.tokens[role])) for door in doors for role in others]
    assert set(told) == {(role, DENIED) for role in others}
    if method.name in {"Create", "Revoke"} and method.service.endswith("IamTokenService"):
        return  # whoever calls, the secret in the request decides: see test_authentication.py
    codes = {
        door(method, guarded.tokens[role]) for door in doors for role in guarded.tokens if role not in others
    }
    assert not {DENIED, UNKNOWN} & codes


@each([method for method in METHODS.values() if not is_open(method)])
def test_a_stranger_hears_nothing_of_what_else_is_wrong(still_guarded: Guarded, method: Method) -> None:
    world = still_guarded.world
    raw = world.plaintext.unary_unary(method.grpc_path)
    for body in (b"", b"\xff\xff\xff"):
        with pytest.raises(grpc.RpcError) as caught:
            raw(body, timeout=30)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    if method.http:
        path = re.sub(r"{(\w+)}", "%00", method.http.path)
        too_large = b" " * ((1 << 20) + 1)
        for query, body in (
            ({}, b"{}"),
            ({"noSuchField": "1"}, b"{"),
            ({"pageSize": "x"}, b'{"a": 1}'),
            ({}, too_large),
        ):
            answer = world.http.request(method.http.verb, path, params=query, content=body)
            assert (answer.status_code, answer.json()["code"]) == (401, UNKNOWN)
            assert "fieldViolations" not in answer.text


WRONG = [
    "",
    "Bearer",
    "Bearer t1.9euelZ.abc",
    "Bearer any",
    "Basic YTpi",
    "Api-Key AQVNwrong",
    "t1.",
    "Bearer " + "t1." + "a" * 17 + "." + "b" * 86,
]


@pytest.mark.parametrize(
    ("method", "authorization"),
    [
        (method, wrong)
        for method in METHODS.values()
        for wrong in WRONG
        if not (is_open(method) if wrong == "" else is_public(method))
    ],
    ids=lambda value: value.full_name[13:] if isinstance(value, Method) else value[:20],
)
def test_nobody_else_is_let_in(still_guarded: Guarded, method: Method, authorization: str) -> None:
    assert still_guarded.by_grpc(method, authorization) == UNKNOWN
    if method.http:
        assert still_guarded.by_rest(method, authorization) == UNKNOWN

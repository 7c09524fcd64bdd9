"""Terraform's sequence of calls, as its provider makes them: plain gRPC without TLS, with a token.

Source: github yandex-cloud/terraform-provider-yandex, the resources of the container registry.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import grpc
import jwt
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.error_details_pb2 import RequestInfo
from google.rpc.status_pb2 import Status
from yandex.cloud.access.access_pb2 import (
    AccessBinding,
    AccessBindingAction,
    AccessBindingDelta,
    ListAccessBindingsRequest,
    SetAccessBindingsRequest,
    Subject,
    UpdateAccessBindingsRequest,
)
from yandex.cloud.containerregistry.v1 import (
    ip_permission_pb2,
    lifecycle_policy_pb2,
    lifecycle_policy_service_pb2,
    lifecycle_policy_service_pb2_grpc,
    registry_pb2,
    registry_service_pb2,
    registry_service_pb2_grpc,
    repository_pb2,
    repository_service_pb2,
    repository_service_pb2_grpc,
)
from yandex.cloud.endpoint import api_endpoint_service_pb2, api_endpoint_service_pb2_grpc
from yandex.cloud.iam.v1 import iam_token_service_pb2, iam_token_service_pb2_grpc
from yandex.cloud.operation import operation_service_pb2, operation_service_pb2_grpc
from yandex.cloud.operation.operation_pb2 import Operation

from careen.auth import accounts
from careen.model.credential import CredentialKind
from careen.store.columns import now

# What go-sdk and the provider's interceptors send.
TOKEN = (
    ("authorization", "Bearer t1.any"),
    ("x-client-request-id", "11111111-2222"),
    ("x-client-trace-id", "33333333-4444"),
    ("x-retry-attempt", "1"),
)
AGENT = (("grpc.primary_user_agent", "Terraform/1.9.5 (https://www.terraform.io) terraform-provider-yandex"),)


class Provider:
    """What the provider has after its discovery."""

    def __init__(self, channel: grpc.Channel, address: str, metadata: Any = TOKEN) -> None:
        self.metadata = metadata
        endpoints = api_endpoint_service_pb2_grpc.ApiEndpointServiceStub(channel)
        listed = endpoints.List(api_endpoint_service_pb2.ListApiEndpointsRequest(page_size=100))
        found = {each.id: each.address for each in listed.endpoints}
        assert {found["container-registry"], found["operation"], found["iam"]} == {address}
        self.registries = registry_service_pb2_grpc.RegistryServiceStub(channel)
        self.repositories = repository_service_pb2_grpc.RepositoryServiceStub(channel)
        self.policies = lifecycle_policy_service_pb2_grpc.LifecyclePolicyServiceStub(channel)
        self.tokens = iam_token_service_pb2_grpc.IamTokenServiceStub(channel)
        self.operations = operation_service_pb2_grpc.OperationServiceStub(channel)

    def done(self, call: Callable[..., Operation], request: Any, metadata: Any, response: Any = None) -> Any:
        """Wait for the operation as go-sdk does; unpack what the provider unpacks."""
        operation = call(request, metadata=self.metadata)
        assert operation.metadata.Unpack(metadata)
        while not operation.done:
            time.sleep(0.05)
            asked = operation_service_pb2.GetOperationRequest(operation_id=operation.id)
            operation = self.operations.Get(asked, metadata=self.metadata)
        assert not operation.HasField("error"), operation.error
        assert response is None or operation.response.Unpack(response)
        return metadata


@pytest.fixture
def provider(world: Any) -> Iterator[Provider]:
    with grpc.insecure_channel(world.plaintext_address, options=AGENT) as channel:
        yield Provider(channel, world.plaintext_address)


def not_found(call: Callable[..., Any], request: Any) -> str:
    """The message of a NOT_FOUND, by which a resource is dropped from the state."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, metadata=TOKEN)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.NOT_FOUND
    status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    request_info = RequestInfo()
    assert status.details[-1].Unpack(request_info)
    assert request_info.request_id == dict(error.initial_metadata())["x-request-id"]
    message: str = error.details()
    return message


def make_registry(provider: Provider, name: str = "my-registry") -> str:
    create = registry_service_pb2.CreateRegistryRequest(folder_id="b1g", name=name, labels={"a": "b"})
    metadata = registry_service_pb2.CreateRegistryMetadata()
    made: str = provider.done(
        provider.registries.Create, create, metadata, registry_pb2.Registry()
    ).registry_id
    return made


def test_a_registry_resource(provider: Provider) -> None:
    registry_id = make_registry(provider)
    get = registry_service_pb2.GetRegistryRequest(registry_id=registry_id)
    read = provider.registries.Get(get, metadata=TOKEN)
    assert (read.name, read.folder_id, dict(read.labels)) == ("my-registry", "b1g", {"a": "b"})
    assert registry_pb2.Registry.Status.Name(read.status).lower() == "active"
    assert read.created_at.seconds > 0
    update = registry_service_pb2.UpdateRegistryRequest(
        registry_id=registry_id,
        name="renamed",
        labels={"c": "d"},
        update_mask=FieldMask(paths=["labels", "name"]),
    )
    provider.done(provider.registries.Update, update, registry_service_pb2.UpdateRegistryMetadata())
    by_name = registry_service_pb2.ListRegistriesRequest(
        folder_id="b1g", filter='name = "renamed"', page_size=100
    )
    (listed,) = provider.registries.List(by_name, metadata=TOKEN).registries
    assert (listed.id, dict(listed.labels)) == (registry_id, {"c": "d"})
    delete = registry_service_pb2.DeleteRegistryRequest(registry_id=registry_id)
    provider.done(provider.registries.Delete, delete, registry_service_pb2.DeleteRegistryMetadata())
    assert not_found(provider.registries.Get, get) == f"Registry {registry_id} not found"


def test_a_repository_resource_and_its_lifecycle_policy(provider: Provider) -> None:
    name = f"{make_registry(provider)}/some/app"
    upsert = repository_service_pb2.UpsertRepositoryRequest(name=name)
    metadata = repository_service_pb2.UpsertRepositoryMetadata()
    repository_id = provider.done(
        provider.repositories.Upsert, upsert, metadata, repository_pb2.Repository()
    ).repository_id
    by_name = repository_service_pb2.GetRepositoryByNameRequest(repository_name=name)
    assert provider.repositories.GetByName(by_name, metadata=TOKEN).id == repository_id
    rule = lifecycle_policy_pb2.LifecycleRule(
        description="old ones", tag_regexp="test.*", expire_period=Duration(seconds=172800), retained_top=3
    )
    create = lifecycle_policy_service_pb2.CreateLifecyclePolicyRequest(
        repository_id=repository_id,
        name="best-policy",
        status=lifecycle_policy_pb2.LifecyclePolicy.ACTIVE,
        rules=[rule],
    )
    policy_id = provider.done(
        provider.policies.Create, create, lifecycle_policy_service_pb2.CreateLifecyclePolicyMetadata()
    ).lifecycle_policy_id
    update = lifecycle_policy_service_pb2.UpdateLifecyclePolicyRequest(
        lifecycle_policy_id=policy_id,
        name="other-name",
        description="said",
        status=lifecycle_policy_pb2.LifecyclePolicy.DISABLED,
        rules=[rule, lifecycle_policy_pb2.LifecycleRule(untagged=True, retained_top=1)],
        update_mask=FieldMask(paths=["name", "description", "status", "rules"]),
    )
    provider.done(
        provider.policies.Update, update, lifecycle_policy_service_pb2.UpdateLifecyclePolicyMetadata()
    )
    get = lifecycle_policy_service_pb2.GetLifecyclePolicyRequest(lifecycle_policy_id=policy_id)
    read = provider.policies.Get(get, metadata=TOKEN)
    assert (read.name, read.description, list(read.rules)) == ("other-name", "said", list(update.rules))
    assert read.status == lifecycle_policy_pb2.LifecyclePolicy.DISABLED
    delete = lifecycle_policy_service_pb2.DeleteLifecyclePolicyRequest(lifecycle_policy_id=policy_id)
    provider.done(
        provider.policies.Delete, delete, lifecycle_policy_service_pb2.DeleteLifecyclePolicyMetadata()
    )
    assert not_found(provider.policies.Get, get) == f"LifecyclePolicy {policy_id} not found"
    gone = repository_service_pb2.DeleteRepositoryRequest(repository_id=repository_id)
    provider.done(provider.repositories.Delete, gone, repository_service_pb2.DeleteRepositoryMetadata())


def test_an_ip_permission_resource(provider: Provider) -> None:
    registry_id = make_registry(provider)
    permission = ip_permission_pb2.IpPermission(action=ip_permission_pb2.IpPermission.PUSH, ip="10.1.0.0/16")
    for permissions in ([permission], []):  # the provider deletes by setting none
        request = registry_service_pb2.SetIpPermissionRequest(
            registry_id=registry_id, ip_permission=permissions
        )
        provider.done(
            provider.registries.SetIpPermission, request, registry_service_pb2.SetIpPermissionMetadata()
        )
        asked = registry_service_pb2.ListIpPermissionRequest(registry_id=registry_id)
        listed = provider.registries.ListIpPermission(asked, metadata=TOKEN).permissions
        assert list(listed) == permissions


def test_an_iam_binding_resource(provider: Provider) -> None:
    registry_id = make_registry(provider)
    binding = AccessBinding(
        role_id="container-registry.images.puller",
        subject=Subject(id="allUsers", type="system"),
    )
    for action in (AccessBindingAction.ADD, AccessBindingAction.REMOVE):
        delta = AccessBindingDelta(action=action, access_binding=binding)
        update = UpdateAccessBindingsRequest(resource_id=registry_id, access_binding_deltas=[delta])
        operation = provider.registries.UpdateAccessBindings(update, metadata=TOKEN)
        assert operation.done
        listed = provider.registries.ListAccessBindings(
            ListAccessBindingsRequest(resource_id=registry_id, page_size=1000), metadata=TOKEN
        )
        assert list(listed.access_bindings) == ([binding] if action == AccessBindingAction.ADD else [])


def policy_of(provider: Provider) -> tuple[str, Any]:
    """A repository's lifecycle policy, and how it is read."""
    upsert = repository_service_pb2.UpsertRepositoryRequest(name=f"{make_registry(provider)}/some/app")
    metadata = repository_service_pb2.UpsertRepositoryMetadata()
    create = lifecycle_policy_service_pb2.CreateLifecyclePolicyRequest(
        repository_id=provider.done(provider.repositories.Upsert, upsert, metadata).repository_id,
        name="best-policy",
        description="said",
        status=lifecycle_policy_pb2.LifecyclePolicy.ACTIVE,
        rules=[lifecycle_policy_pb2.LifecycleRule(untagged=True, retained_top=1)],
    )
    made = lifecycle_policy_service_pb2.CreateLifecyclePolicyMetadata()
    policy_id: str = provider.done(provider.policies.Create, create, made).lifecycle_policy_id
    get = lifecycle_policy_service_pb2.GetLifecyclePolicyRequest(lifecycle_policy_id=policy_id)
    return policy_id, lambda: provider.policies.Get(get, metadata=TOKEN)


RULE = lifecycle_policy_pb2.LifecycleRule(
    tag_regexp="v.*", expire_period=Duration(seconds=86400 * 3), description="three days"
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other-name"),
        ("description", ""),
        ("status", lifecycle_policy_pb2.LifecyclePolicy.DISABLED),
        ("rules", [RULE]),
        ("rules", []),
    ],
)
def test_a_lifecycle_policy_is_updated_field_by_field(provider: Provider, field: str, value: Any) -> None:
    """The provider sends what has changed and its name in the mask, and nothing else: no status, either."""
    policy_id, read = policy_of(provider)
    before = read()
    update = lifecycle_policy_service_pb2.UpdateLifecyclePolicyRequest(
        lifecycle_policy_id=policy_id, update_mask=FieldMask(paths=[field]), **{field: value}
    )
    provider.done(
        provider.policies.Update, update, lifecycle_policy_service_pb2.UpdateLifecyclePolicyMetadata()
    )
    after = read()
    assert (list if field == "rules" else lambda same: same)(getattr(after, field)) == value
    after.ClearField(field)
    before.ClearField(field)
    assert after == before


def test_an_update_without_a_change_changes_nothing(provider: Provider) -> None:
    """A mask without paths and a request without fields: to take it for all fields would empty the policy."""
    policy_id, read = policy_of(provider)
    before = read()
    update = lifecycle_policy_service_pb2.UpdateLifecyclePolicyRequest(
        lifecycle_policy_id=policy_id, update_mask=FieldMask()
    )
    with pytest.raises(grpc.RpcError) as caught:
        provider.policies.Update(update, metadata=TOKEN)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert read() == before


def test_labels_and_name_of_a_registry_are_updated_apart(provider: Provider) -> None:
    registry_id = make_registry(provider)
    get = registry_service_pb2.GetRegistryRequest(registry_id=registry_id)
    updated = registry_service_pb2.UpdateRegistryMetadata()
    changes: list[Any] = [{"labels": {}}, {"name": "renamed"}, {"labels": {"x": "y"}}]
    for fields in changes:
        update = registry_service_pb2.UpdateRegistryRequest(
            registry_id=registry_id, update_mask=FieldMask(paths=list(fields)), **fields
        )
        provider.done(provider.registries.Update, update, updated, registry_pb2.Registry())
    read = provider.registries.Get(get, metadata=TOKEN)
    assert (read.name, dict(read.labels)) == ("renamed", {"x": "y"})


def test_what_was_deleted_elsewhere_is_dropped_and_its_deletion_is_no_other_error(provider: Provider) -> None:
    """Every read, change and deletion of what is gone is NOT_FOUND: by it the provider drops a resource."""
    policy_id, _ = policy_of(provider)
    registry_id = make_registry(provider, "other")
    gone = registry_service_pb2.DeleteRegistryRequest(registry_id=registry_id)
    provider.done(provider.registries.Delete, gone, registry_service_pb2.DeleteRegistryMetadata())
    delete = lifecycle_policy_service_pb2.DeleteLifecyclePolicyRequest(lifecycle_policy_id=policy_id)
    deleted = lifecycle_policy_service_pb2.DeleteLifecyclePolicyMetadata()
    provider.done(provider.policies.Delete, delete, deleted)
    binding = ListAccessBindingsRequest(resource_id=registry_id, page_size=1000)
    of_policy: Any = {"lifecycle_policy_id": policy_id}
    of_registry: Any = {"registry_id": registry_id}
    service = registry_service_pb2
    for call, request in (
        (provider.registries.Get, service.GetRegistryRequest(**of_registry)),
        (provider.registries.Delete, gone),
        (provider.registries.Update, service.UpdateRegistryRequest(**of_registry)),
        (provider.registries.ListIpPermission, service.ListIpPermissionRequest(**of_registry)),
        (provider.registries.SetIpPermission, service.SetIpPermissionRequest(**of_registry)),
        (provider.registries.ListAccessBindings, binding),
        (provider.policies.Get, lifecycle_policy_service_pb2.GetLifecyclePolicyRequest(**of_policy)),
        (provider.policies.Delete, delete),
    ):
        not_found(call, request)


def test_two_thousand_five_hundred_members_come_in_batches_and_pages(provider: Provider) -> None:
    registry_id = make_registry(provider)
    role = "container-registry.images.puller"
    bindings = [
        AccessBinding(role_id=role, subject=Subject(id=f"aje{number:05}", type="serviceAccount"))
        for number in range(2500)
    ]
    for action in (AccessBindingAction.ADD, AccessBindingAction.REMOVE):
        for start in range(0, 2500, 1000):
            deltas = [
                AccessBindingDelta(action=action, access_binding=binding)
                for binding in bindings[start : start + 1000]
            ]
            update = UpdateAccessBindingsRequest(resource_id=registry_id, access_binding_deltas=deltas)
            assert provider.registries.UpdateAccessBindings(update, metadata=TOKEN).done
        asked, listed = ListAccessBindingsRequest(resource_id=registry_id, page_size=1000), []
        while True:
            page = provider.registries.ListAccessBindings(asked, metadata=TOKEN)
            listed += [binding.subject.id for binding in page.access_bindings]
            if not page.next_page_token:
                break
            asked.page_token = page.next_page_token
        assert len(listed) == (2500 if action == AccessBindingAction.ADD else 0)
        assert len(set(listed)) == len(listed)


def test_an_iam_binding_of_a_repository(provider: Provider) -> None:
    upsert = repository_service_pb2.UpsertRepositoryRequest(name=f"{make_registry(provider)}/some/app")
    metadata = repository_service_pb2.UpsertRepositoryMetadata()
    repository_id = provider.done(provider.repositories.Upsert, upsert, metadata).repository_id
    bindings = [
        AccessBinding(role_id="viewer", subject=Subject(id=f"aje{number}", type="userAccount"))
        for number in range(2)
    ]
    replace = SetAccessBindingsRequest(resource_id=repository_id, access_bindings=bindings)
    assert provider.repositories.SetAccessBindings(replace, metadata=TOKEN).done
    asked = ListAccessBindingsRequest(resource_id=repository_id, page_size=1000)
    listed = provider.repositories.ListAccessBindings(asked, metadata=TOKEN).access_bindings
    assert list(listed) == bindings


def test_a_key_file_is_traded_and_its_token_applies_a_plan(guarded_world: Any) -> None:
    """As go-sdk does with `service_account_key_file`: over the same connection, with a JWT in PS256."""
    account = guarded_world.account("terraform", "container-registry.editor")
    with guarded_world.database.write() as connection:
        given = json.loads(accounts.give(connection, account, CredentialKind.KEY, now()).secret)
    claims = {
        "iss": given["service_account_id"],
        "aud": "https://iam.api.cloud.yandex.net/iam/v1/tokens",
        "iat": now(),
        "exp": now() + timedelta(hours=1),
    }
    proof = jwt.encode(claims, given["private_key"], algorithm="PS256", headers={"kid": given["id"]})
    with grpc.insecure_channel(guarded_world.plaintext_address, options=AGENT) as channel:
        provider = Provider(channel, guarded_world.plaintext_address)
        asked = iam_token_service_pb2.CreateIamTokenRequest(jwt=proof)
        token = provider.tokens.Create(asked, metadata=TOKEN[1:])
        assert token.expires_at.ToDatetime(UTC) > now() + timedelta(hours=11)
        provider.metadata = (("authorization", f"Bearer {token.iam_token}"), *TOKEN[1:])
        registry_id = make_registry(provider)
        read = registry_service_pb2.GetRegistryRequest(registry_id=registry_id)
        assert provider.registries.Get(read, metadata=provider.metadata).name == "my-registry"
        force = registry_service_pb2.DeleteRegistryRequest(registry_id=registry_id)
        with pytest.raises(grpc.RpcError) as caught:  # needs a role of its own
            provider.registries.ForceDelete(force, metadata=provider.metadata)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    last = json.loads(guarded_world.audit.read_text().splitlines()[-1])
    assert last["request_metadata"]["user_agent"].startswith("Terraform/1.9.5")

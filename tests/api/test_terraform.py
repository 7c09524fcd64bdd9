"""Terraform's sequence of calls, as its provider makes them: plain gRPC without TLS, with a token.

Source: github yandex-cloud/terraform-provider-yandex, the resources of the container registry.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
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
from yandex.cloud.operation import operation_service_pb2, operation_service_pb2_grpc
from yandex.cloud.operation.operation_pb2 import Operation

TOKEN = (("authorization", "Bearer t1.any"), ("x-client-request-id", "11111111-2222"))


class Provider:
    """What the provider has after its discovery."""

    def __init__(self, channel: grpc.Channel, address: str) -> None:
        endpoints = api_endpoint_service_pb2_grpc.ApiEndpointServiceStub(channel)
        listed = endpoints.List(api_endpoint_service_pb2.ListApiEndpointsRequest(page_size=100))
        found = {each.id: each.address for each in listed.endpoints}
        assert {found["container-registry"], found["operation"], found["iam"]} == {address}
        self.registries = registry_service_pb2_grpc.RegistryServiceStub(channel)
        self.repositories = repository_service_pb2_grpc.RepositoryServiceStub(channel)
        self.policies = lifecycle_policy_service_pb2_grpc.LifecyclePolicyServiceStub(channel)
        self.operations = operation_service_pb2_grpc.OperationServiceStub(channel)

    def done(self, call: Callable[..., Operation], request: Any, metadata: Any, response: Any = None) -> Any:
        """Wait for the operation as go-sdk does; unpack what the provider unpacks."""
        operation = call(request, metadata=TOKEN)
        assert operation.metadata.Unpack(metadata)
        while not operation.done:
            time.sleep(0.05)
            asked = operation_service_pb2.GetOperationRequest(operation_id=operation.id)
            operation = self.operations.Get(asked, metadata=TOKEN)
        assert not operation.HasField("error"), operation.error
        assert response is None or operation.response.Unpack(response)
        return metadata


@pytest.fixture
def provider(world: Any) -> Iterator[Provider]:
    with grpc.insecure_channel(world.plaintext_address) as channel:
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


def make_registry(provider: Provider) -> str:
    create = registry_service_pb2.CreateRegistryRequest(
        folder_id="b1g", name="my-registry", labels={"a": "b"}
    )
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

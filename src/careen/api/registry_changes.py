"""RegistryService, as far as it makes, changes and deletes registries."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import registry_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes, messages
from careen.api.call import Call
from careen.api.masks import Mask
from careen.errors import Exists, NotFound, Precondition
from careen.model import ids
from careen.model.policy import ScanPolicy, ScanRule
from careen.model.registry import Registry
from careen.store import registries, scan_policies
from careen.store.columns import now
from careen.store.database import Database

_SECURE = timedelta(days=7)  # between two scans in a registry that is made `secure`
_ALL = ("*",)


@dataclass(frozen=True, slots=True)
class RegistryChanges:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.RegistryService"

    database: Database

    def create(self, request: registry_service_pb2.CreateRegistryRequest, call: Call) -> Operation:
        """`secure` asks for scans of all images, on push and every seven days."""
        registry = Registry(ids.new(), request.folder_id, request.name, now(), dict(request.labels))
        with self.database.write() as connection:
            _refuse_taken_name(connection, registry)
            registries.add(connection, registry)
            if request.secure:
                scan_policies.add(connection, _secure(registry))
            return changes.done(
                connection,
                f"{self.SERVICE}.Create",
                call,
                description=f"Create registry {registry.id}",
                registry_id=registry.id,
            )

    def update(self, request: registry_service_pb2.UpdateRegistryRequest, call: Call) -> Operation:
        mask = Mask(request, ("name", "labels"))
        with self.database.write() as connection:
            registry = _registry(connection, request.registry_id)
            new = dict(mask.values(messages.registry(registry)))
            if "labels" in new:
                new["labels"] = dict(new["labels"])
            registry = replace(registry, **new)
            _refuse_taken_name(connection, registry)
            registries.change(connection, registry)
            return changes.done(
                connection,
                f"{self.SERVICE}.Update",
                call,
                description=f"Update registry {registry.id}",
                registry_id=registry.id,
            )

    def delete(self, request: registry_service_pb2.DeleteRegistryRequest, call: Call) -> Operation:
        with self.database.write() as connection:
            registry = _registry(connection, request.registry_id)
            if registries.has_images(connection, registry.id):
                raise Precondition(f"Registry {registry.id} is not empty")
            return self._delete(connection, "Delete", registry, call)

    def force_delete(self, request: registry_service_pb2.DeleteRegistryRequest, call: Call) -> Operation:
        """With all that is in it."""
        with self.database.write() as connection:
            return self._delete(connection, "ForceDelete", _registry(connection, request.registry_id), call)

    def _delete(self, connection: Connection, name: str, registry: Registry, call: Call) -> Operation:
        registries.delete(connection, registry.id)
        return changes.done(
            connection,
            f"{self.SERVICE}.{name}",
            call,
            description=f"Delete registry {registry.id}",
            registry_id=registry.id,
        )


def _registry(connection: Connection, registry_id: str) -> Registry:
    registry = registries.get(connection, registry_id)
    if registry is None:
        raise NotFound.of("Registry", registry_id)
    return registry


def _refuse_taken_name(connection: Connection, registry: Registry) -> None:
    """A name is one registry's in its folder; tools find registries by it."""
    other = registries.named(connection, registry.folder_id, registry.name) if registry.name else None
    if other is not None and other.id != registry.id:
        raise Exists(f"Registry with name {registry.name} already exists", resource=("Registry", other.id))


def _secure(registry: Registry) -> ScanPolicy:
    return ScanPolicy(
        id=ids.new(),
        registry_id=registry.id,
        name="",
        description="made with the secure registry",
        push_rule=ScanRule(_ALL),
        schedule_rules=(ScanRule(_ALL, rescan_period=_SECURE),),
        created_at=registry.created_at,
    )

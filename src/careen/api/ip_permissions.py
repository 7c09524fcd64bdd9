"""RegistryService, as far as it says from which addresses a registry may be used."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import ip_permission_pb2, registry_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes
from careen.api.call import Call
from careen.api.validation import invalid
from careen.errors import NotFound
from careen.model.policy import IpAction, IpPermission
from careen.store import ip_permissions, registries
from careen.store.database import Database

_REMOVE = ip_permission_pb2.IpPermissionAction.Value("REMOVE")


@dataclass(frozen=True, slots=True)
class IpPermissions:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.RegistryService"

    database: Database

    def list_ip_permission(
        self, request: registry_service_pb2.ListIpPermissionRequest, _: Call
    ) -> registry_service_pb2.ListIpPermissionsResponse:
        with self.database.read() as connection:
            _require_registry(connection, request.registry_id)
            found = ip_permissions.of_registry(connection, request.registry_id)
        return registry_service_pb2.ListIpPermissionsResponse(permissions=map(_message, found))

    def set_ip_permission(
        self, request: registry_service_pb2.SetIpPermissionRequest, call: Call
    ) -> Operation:
        """In the place of all that there were."""
        wanted = {
            _permission(each, f"ip_permission[{number}]") for number, each in enumerate(request.ip_permission)
        }
        with self.database.write() as connection:
            _require_registry(connection, request.registry_id)
            return self._put(connection, "SetIpPermission", request.registry_id, wanted, call)

    def update_ip_permission(
        self, request: registry_service_pb2.UpdateIpPermissionRequest, call: Call
    ) -> Operation:
        """In the order of the deltas; to remove what is not there is no error."""
        deltas = [
            (
                delta.action == _REMOVE,
                _permission(delta.ip_permission, f"ip_permission_deltas[{number}].ip_permission"),
            )
            for number, delta in enumerate(request.ip_permission_deltas)
        ]
        with self.database.write() as connection:
            _require_registry(connection, request.registry_id)
            wanted = set(ip_permissions.of_registry(connection, request.registry_id))
            for is_removed, permission in deltas:
                wanted = wanted - {permission} if is_removed else wanted | {permission}
            return self._put(connection, "UpdateIpPermission", request.registry_id, wanted, call)

    def _put(
        self,
        connection: Connection,
        name: str,
        registry_id: str,
        permissions: Iterable[IpPermission],
        call: Call,
    ) -> Operation:
        ip_permissions.put(connection, registry_id, permissions)
        return changes.done(
            connection,
            f"{self.SERVICE}.{name}",
            call,
            description=f"Set IP permissions of registry {registry_id}",
            registry_id=registry_id,
        )


def _require_registry(connection: Connection, registry_id: str) -> None:
    if registries.get(connection, registry_id) is None:
        raise NotFound.of("Registry", registry_id)


def _message(permission: IpPermission) -> ip_permission_pb2.IpPermission:
    action = ip_permission_pb2.IpPermission.Action.Value(permission.action.name)
    return ip_permission_pb2.IpPermission(action=action, ip=permission.ip)


def _permission(message: ip_permission_pb2.IpPermission, field: str) -> IpPermission:
    """The proto's pattern lets much through that is no address."""
    try:
        ipaddress.ip_network(message.ip, strict=False)
    except ValueError as error:
        raise invalid(f"{field}.ip", f"{message.ip[:100]!r} is no address and no network") from error
    return IpPermission(IpAction(message.action), message.ip)

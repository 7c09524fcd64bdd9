"""Access bindings of registries and repositories (yandex/cloud/access/access.proto)."""

from dataclasses import dataclass

from sqlalchemy import Connection
from yandex.cloud.access import access_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes, paging
from careen.api.call import Call
from careen.api.validation import invalid
from careen.auth import roles
from careen.errors import NotFound, Precondition
from careen.model.access import (
    ALL_AUTHENTICATED,
    ALL_USERS,
    AccessBinding,
    Resource,
    SubjectType,
)
from careen.store import access_bindings, ancestry
from careen.store.database import Database

_MOST = 10_000  # bindings of one resource
_GROUPS = "group:"  # begins the ids of Yandex' system groups
_REMOVE = access_pb2.AccessBindingAction.Value("REMOVE")


_SERVICES = "yandex.cloud.containerregistry.v1."


@dataclass(frozen=True)
class AccessBindings:
    """Of one kind of resource.

    A subject that careen does not know may be bound: it has the role when it comes.
    """

    SERVICE: str
    kind: str
    find: ancestry.Find
    database: Database

    def list_access_bindings(
        self, request: access_pb2.ListAccessBindingsRequest, _: Call
    ) -> access_pb2.ListAccessBindingsResponse:
        asked = paging.read(request)
        response = access_pb2.ListAccessBindingsResponse()
        with self.database.read() as connection:
            resource = self._resource(connection, request.resource_id)
            found = access_bindings.page(connection, resource, asked.page)
        response.next_page_token = asked.fill(response.access_bindings, found, _message)
        return response

    def set_access_bindings(self, request: access_pb2.SetAccessBindingsRequest, call: Call) -> Operation:
        """In the place of all that there were."""
        wanted = [
            _binding(each, f"access_bindings[{number}]")
            for number, each in enumerate(request.access_bindings)
        ]
        with self.database.write() as connection:
            resource = self._resource(connection, request.resource_id)
            access_bindings.put(connection, resource, wanted)
            return self._done(connection, "SetAccessBindings", resource, call)

    def update_access_bindings(
        self, request: access_pb2.UpdateAccessBindingsRequest, call: Call
    ) -> Operation:
        """In the order of the deltas; to add what is there, or to remove what is not, is no error."""
        deltas = [
            (
                each.action == _REMOVE,
                _binding(each.access_binding, f"access_binding_deltas[{number}].access_binding"),
            )
            for number, each in enumerate(request.access_binding_deltas)
        ]
        with self.database.write() as connection:
            resource = self._resource(connection, request.resource_id)
            for is_removed, binding in deltas:
                change = access_bindings.remove if is_removed else access_bindings.add
                change(connection, resource, binding)
            if len(access_bindings.of_resource(connection, resource)) > _MOST:
                raise Precondition(f"{self.kind} {resource.id} would have more than {_MOST} access bindings")
            return self._done(connection, "UpdateAccessBindings", resource, call)

    def _resource(self, connection: Connection, resource_id: str) -> Resource:
        path = self.find(connection, resource_id)
        if path is None:
            raise NotFound.of(self.kind, resource_id)
        return path[0]

    def _done(self, connection: Connection, name: str, resource: Resource, call: Call) -> Operation:
        return changes.done(
            connection,
            f"{self.SERVICE}.{name}",
            call,
            description=f"Set access bindings of {resource.kind} {resource.id}",
            resource_id=resource.id,
        )


def of_registries(database: Database) -> AccessBindings:
    return AccessBindings(f"{_SERVICES}RegistryService", "Registry", ancestry.of_registry, database)


def of_repositories(database: Database) -> AccessBindings:
    return AccessBindings(f"{_SERVICES}RepositoryService", "Repository", ancestry.of_repository, database)


def _message(binding: AccessBinding) -> access_pb2.AccessBinding:
    subject = access_pb2.Subject(id=binding.subject_id, type=binding.subject_type)
    return access_pb2.AccessBinding(role_id=binding.role, subject=subject)


def _binding(message: access_pb2.AccessBinding, field: str) -> AccessBinding:
    """Raises InvalidRequest for a role or a type that does not exist, and for a subject not of its type."""
    subject = message.subject
    if message.role_id not in roles.ROLES:
        raise invalid(
            f"{field}.role_id", f"there is no role {message.role_id!r}, only {', '.join(roles.ROLES)}"
        )
    if subject.type not in list(SubjectType):
        raise invalid(f"{field}.subject.type", f"must be one of {', '.join(SubjectType)}")
    is_system = subject.id in {ALL_USERS, ALL_AUTHENTICATED} or subject.id.startswith(_GROUPS)
    if is_system is not (subject.type == SubjectType.SYSTEM):
        raise invalid(f"{field}.subject.id", f"{subject.id!r} is no subject of the type {subject.type}")
    if not subject.id.isprintable() or not subject.id.isascii():
        raise invalid(f"{field}.subject.id", "must be printable ASCII")
    return AccessBinding(message.role_id, subject.type, subject.id)

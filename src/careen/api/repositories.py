"""RepositoryService (yandex/cloud/containerregistry/v1/repository_service.proto)."""

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import repository_pb2, repository_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes, messages, paging
from careen.api.call import Call
from careen.api.fields import Field
from careen.api.validation import invalid
from careen.errors import NotFound, Precondition
from careen.model.registry import LONGEST_NAME
from careen.store import registries, repositories
from careen.store.database import Database

_FIELDS = (Field("name", ("repository",)),)


@dataclass(frozen=True, slots=True)
class Repositories:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.RepositoryService"

    database: Database

    def get(self, request: repository_service_pb2.GetRepositoryRequest, _: Call) -> repository_pb2.Repository:
        with self.database.read() as connection:
            repository = repositories.get(connection, request.repository_id)
        if repository is None:
            raise NotFound.of("Repository", request.repository_id)
        return messages.repository(repository)

    def get_by_name(
        self, request: repository_service_pb2.GetRepositoryByNameRequest, _: Call
    ) -> repository_pb2.Repository:
        with self.database.read() as connection:
            repository = repositories.by_name(connection, request.repository_name)
        if repository is None:
            raise NotFound.of("Repository", request.repository_name)
        return messages.repository(repository)

    def upsert(self, request: repository_service_pb2.UpsertRepositoryRequest, call: Call) -> Operation:
        """The name is that of the registry's id, a slash and a path."""
        registry_id, _, path = request.name.partition("/")
        if not path:
            raise invalid("name", "must be <registry id>/<path>")
        if len(request.name) > LONGEST_NAME:
            raise invalid("name", f"must have at most {LONGEST_NAME} characters: nobody could push to it")
        with self.database.write() as connection:
            if registries.get(connection, registry_id) is None:
                raise NotFound.of("Registry", registry_id)
            repository = repositories.upsert(connection, registry_id, request.name)
            return self._done(connection, "Upsert", repository.id, call)

    def delete(self, request: repository_service_pb2.DeleteRepositoryRequest, call: Call) -> Operation:
        with self.database.write() as connection:
            if repositories.get(connection, request.repository_id) is None:
                raise NotFound.of("Repository", request.repository_id)
            if repositories.has_images(connection, request.repository_id):
                raise Precondition(f"Repository {request.repository_id} is not empty")
            repositories.delete(connection, request.repository_id)
            return self._done(connection, "Delete", request.repository_id, call)

    def _done(self, connection: Connection, name: str, repository_id: str, call: Call) -> Operation:
        return changes.done(
            connection,
            f"{self.SERVICE}.{name}",
            call,
            description=f"{name} repository {repository_id}",
            repository_id=repository_id,
        )

    def list(
        self, request: repository_service_pb2.ListRepositoriesRequest, _: Call
    ) -> repository_service_pb2.ListRepositoriesResponse:
        asked = paging.read(request, filterable=_FIELDS, orderable=_FIELDS)
        response = repository_service_pb2.ListRepositoriesResponse()
        with self.database.read() as connection:
            found = repositories.page(connection, **_parent(connection, request), page=asked.page)
        response.next_page_token = asked.fill(response.repositories, found, messages.repository)
        return response


def _parent(
    connection: Connection, request: repository_service_pb2.ListRepositoriesRequest
) -> dict[str, str]:
    """The narrower that is given decides, as the protos say."""
    if registry_id := request.registry_id:
        if registries.get(connection, registry_id) is None:
            raise NotFound.of("Registry", registry_id)
        return {"registry_id": registry_id}
    if not request.folder_id:
        raise invalid("registry_id", "registry_id or folder_id must be given")
    return {"folder_id": request.folder_id}

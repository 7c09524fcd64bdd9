"""RegistryService (yandex/cloud/containerregistry/v1/registry_service.proto)."""

from dataclasses import dataclass
from typing import ClassVar

from yandex.cloud.containerregistry.v1 import registry_pb2, registry_service_pb2

from careen.api import messages, paging
from careen.api.call import Call
from careen.api.fields import Field
from careen.errors import NotFound
from careen.store import registries
from careen.store.database import Database


@dataclass(frozen=True, slots=True)
class Registries:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.RegistryService"

    database: Database

    def get(self, request: registry_service_pb2.GetRegistryRequest, _: Call) -> registry_pb2.Registry:
        with self.database.read() as connection:
            registry = registries.get(connection, request.registry_id)
        if registry is None:
            raise NotFound.of("Registry", request.registry_id)
        return messages.registry(registry)

    def list(
        self, request: registry_service_pb2.ListRegistriesRequest, _: Call
    ) -> registry_service_pb2.ListRegistriesResponse:
        """A folder is a label here: one that nobody used is empty, not unknown."""
        asked = paging.read(request, filterable=(Field("name", ("registry",)),))
        response = registry_service_pb2.ListRegistriesResponse()
        with self.database.read() as connection:
            found = registries.page(connection, request.folder_id, asked.page)
        response.next_page_token = asked.fill(response.registries, found, messages.registry)
        return response

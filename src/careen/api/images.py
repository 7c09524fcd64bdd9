"""ImageService (yandex/cloud/containerregistry/v1/image_service.proto)."""

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import image_pb2, image_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes, messages, paging, references
from careen.api.call import Call
from careen.api.fields import Field
from careen.api.validation import invalid
from careen.errors import NotFound
from careen.store import images, registries, repositories
from careen.store.database import Database

_NAME = Field("name", ("image",))
_ORDERABLE = (_NAME, Field("digest"), Field("created_at"), Field("last_modified"))


@dataclass(frozen=True, slots=True)
class Images:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.ImageService"

    database: Database

    def get(self, request: image_service_pb2.GetImageRequest, _: Call) -> image_pb2.Image:
        with self.database.read() as connection:
            return messages.image(references.image(connection, request.image_id))

    def delete(self, request: image_service_pb2.DeleteImageRequest, call: Call) -> Operation:
        """With its tags and scans. The part of an index goes only with it."""
        with self.database.write() as connection:
            image = references.image(connection, request.image_id)
            images.delete(connection, image.id)
            return changes.done(
                connection,
                f"{self.SERVICE}.Delete",
                call,
                description=f"Delete image {image.id}",
                image_id=image.id,
            )

    def list(
        self, request: image_service_pb2.ListImagesRequest, _: Call
    ) -> image_service_pb2.ListImagesResponse:
        asked = paging.read(request, filterable=(_NAME,), orderable=_ORDERABLE)
        response = image_service_pb2.ListImagesResponse()
        with self.database.read() as connection:
            found = images.page(connection, **_parent(connection, request), page=asked.page)
        response.next_page_token = asked.fill(response.images, found, messages.image)
        return response


def _parent(connection: Connection, request: image_service_pb2.ListImagesRequest) -> dict[str, str]:
    """The narrowest that is given decides, as the protos say."""
    if name := request.repository_name:
        if repositories.by_name(connection, name) is None:
            raise NotFound.of("Repository", name)
        return {"repository_name": name}
    if registry_id := request.registry_id:
        if registries.get(connection, registry_id) is None:
            raise NotFound.of("Registry", registry_id)
        return {"registry_id": registry_id}
    if not request.folder_id:
        raise invalid("registry_id", "repository_name, registry_id or folder_id must be given")
    return {"folder_id": request.folder_id}

"""CloudService and FolderService (yandex/cloud/resourcemanager/v1), for clients that look for registries.

A folder is a label of registries here, and all of them are in one cloud.
"""

from dataclasses import dataclass
from typing import ClassVar

from yandex.cloud.resourcemanager.v1 import cloud_pb2, cloud_service_pb2, folder_pb2, folder_service_pb2

from careen.api import paging
from careen.api.call import Call
from careen.model.access import CLOUD
from careen.store import registries
from careen.store.database import Database
from careen.store.paging import Listed


class Clouds:
    SERVICE: ClassVar = "yandex.cloud.resourcemanager.v1.CloudService"

    def list(
        self, request: cloud_service_pb2.ListCloudsRequest, _: Call
    ) -> cloud_service_pb2.ListCloudsResponse:
        asked = paging.read(request)
        response = cloud_service_pb2.ListCloudsResponse()
        found = Listed([CLOUD.id], [(CLOUD.id,)]) if asked.page.after < (CLOUD.id,) else Listed([], [])
        response.next_page_token = asked.fill(response.clouds, found, _cloud)
        return response


@dataclass(frozen=True, slots=True)
class Folders:
    SERVICE: ClassVar = "yandex.cloud.resourcemanager.v1.FolderService"

    database: Database

    def list(
        self, request: folder_service_pb2.ListFoldersRequest, _: Call
    ) -> folder_service_pb2.ListFoldersResponse:
        """Those that have a registry; of a cloud that is not here, none."""
        asked = paging.read(request)
        response = folder_service_pb2.ListFoldersResponse()
        with self.database.read() as connection:
            names = registries.folders(connection) if request.cloud_id == CLOUD.id else ()
        rest = [name for name in names if (name,) > asked.page.after]
        found = Listed(rest, [(name,) for name in rest])
        response.next_page_token = asked.fill(response.folders, found, _folder)
        return response


def _folder(name: str) -> folder_pb2.Folder:
    return folder_pb2.Folder(id=name, cloud_id=CLOUD.id, name=name, status=folder_pb2.Folder.ACTIVE)


def _cloud(name: str) -> cloud_pb2.Cloud:
    return cloud_pb2.Cloud(id=name, name=name)

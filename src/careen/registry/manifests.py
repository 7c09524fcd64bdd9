"""Manifests by tag and by digest (OCI distribution-spec, "Pushing manifests", "Deleting manifests")."""

import asyncio

import structlog
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from careen.images import manifest as manifests
from careen.model import digest as digests
from careen.model.registry import Image, Repository
from careen.registry import bodies, names
from careen.registry.door import RegistryDoor
from careen.registry.errors import ManifestUnknown
from careen.store import images
from careen.store.blob_files import DigestMismatch

_MAX_MANIFEST = 4 << 20  # bytes: what every registry must take (distribution-spec, "Pushing manifests")

log = structlog.get_logger(__name__)


class Manifests:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    def get(self, request: Request) -> Response:
        """GET and HEAD. The stored bytes with their media type, whatever Accept prefers."""
        name, reference = _target(request)
        with self._door.database.read() as connection:
            image = _find(connection, names.find(connection, name), reference)
            body = images.body(connection, image.id) if request.method == "GET" else b""
        headers = {
            "Content-Type": image.media_type,
            "Content-Length": str(image.size),
            "Docker-Content-Digest": image.digest,
            "ETag": f'"{image.digest}"',
        }
        return Response(body, headers=headers)

    async def put(self, request: Request) -> Response:
        name, reference = _target(request)
        names.registry_id(name)
        body = await bodies.read(request, _MAX_MANIFEST)
        media_type = request.headers.get("content-type", "")
        image = await run_in_threadpool(self._store, name, reference, media_type, body)
        under_way = await run_in_threadpool(self._door.images_arrived, image)
        if under_way:
            await asyncio.wait(map(asyncio.wrap_future, under_way), timeout=self._door.patience)
        headers = {"Location": f"/v2/{name}/manifests/{image.digest}", "Docker-Content-Digest": image.digest}
        return Response(status_code=201, headers=headers)

    def delete(self, request: Request) -> Response:
        """A digest deletes the image, a tag only itself."""
        name, reference = _target(request)
        with self._door.database.write() as connection:
            image = _find(connection, names.find(connection, name), reference)
            if _is_digest(reference):
                images.delete(connection, image.id)
            else:
                images.untag(connection, image.repository_id, reference)
        log.info("manifest deleted", name=name, reference=reference)
        return Response(status_code=202)

    def _store(self, name: str, reference: str, media_type: str, body: bytes) -> Image:
        manifest = manifests.parse(body, media_type)
        tag = "" if _is_digest(reference) else names.check_tag(reference)
        if not tag and digests.parse(reference) != manifest.digest:
            raise DigestMismatch(f"the digest of the manifest is {manifest.digest}, not {reference}")
        with self._door.database.write() as connection:
            repository = names.find_or_make(connection, name)
            image = images.put(connection, repository, manifest, body)
            if tag:
                images.tag(connection, image, tag)
                image = _find(connection, repository, tag)  # which knows its tags now
        log.info("manifest stored", name=name, reference=reference, image=image.id, digest=image.digest)
        return image


def _target(request: Request) -> tuple[str, str]:
    return request.path_params["name"], request.path_params["reference"]


def _is_digest(reference: str) -> bool:
    return ":" in reference


def _find(connection: Connection, repository: Repository, reference: str) -> Image:
    if _is_digest(reference):
        image = images.by_digest(connection, repository.id, digests.parse(reference))
    elif names.is_tag(reference):
        image = images.by_tag(connection, repository.id, reference)
    else:
        image = None
    if image is None:
        raise ManifestUnknown(reference)
    return image

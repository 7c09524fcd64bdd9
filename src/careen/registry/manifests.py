"""Manifests by tag and by digest (OCI distribution-spec, "Pushing manifests", "Deleting manifests")."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from careen.images import manifest as manifests
from careen.model import digest as digests
from careen.model.manifest import Manifest, Platform
from careen.model.registry import Image, Repository
from careen.registry import bodies, caching, names, negotiation
from careen.registry.door import RegistryDoor
from careen.registry.errors import ManifestUnknown, TooManyTags
from careen.store import images
from careen.store.blob_files import DigestMismatch

_MAX_MANIFEST = 4 << 20  # bytes: what every registry must take (distribution-spec, "Pushing manifests")
_MAX_TAGS = 100  # in one request
_USUAL_PLATFORM = Platform("linux", "amd64")  # as Docker's registry chooses for clients without indexes

log = structlog.get_logger(__name__)


class Manifests:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    def get(self, request: Request) -> Response:
        """GET and HEAD: the bytes as they were pushed, with their media type.

        For an index under a tag, a client that takes nothing but images gets the one of the usual platform.
        """
        name, reference = _target(request)
        with self._door.database.read() as connection:
            repository = names.find(connection, name)
            image = _find(connection, repository, reference)
            if not _is_digest(reference) and negotiation.wants_image(request.headers, image.media_type):
                image = _of_usual_platform(connection, repository, image)
            headers = _headers(image)
            if caching.is_known(request.headers, headers["ETag"]):
                return caching.not_modified(headers)
            body = images.body(connection, image.id) if request.method == "GET" else b""
        return Response(body, headers=headers)

    async def put(self, request: Request) -> Response:
        name, reference = _target(request)
        names.registry_id(name)
        tags = [names.check_tag(tag) for tag in request.query_params.getlist("tag")]
        if len(tags) > _MAX_TAGS:
            raise TooManyTags(f"at most {_MAX_TAGS} tags at once")
        body = await bodies.read(request, _MAX_MANIFEST)
        media_type = request.headers.get("content-type", "")
        image, manifest = await run_in_threadpool(self._store, name, reference, tags, (media_type, body))
        under_way = await run_in_threadpool(self._door.images_arrived, image)
        if under_way:
            await asyncio.wait(map(asyncio.wrap_future, under_way), timeout=self._door.patience)
        headers = {"Location": f"/v2/{name}/manifests/{image.digest}", "Docker-Content-Digest": image.digest}
        if manifest.referral:
            headers["OCI-Subject"] = manifest.referral.subject
        if tags:
            headers["OCI-Tag"] = ", ".join(tags)
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

    def _store(
        self, name: str, reference: str, more_tags: Sequence[str], sent: tuple[str, bytes]
    ) -> tuple[Image, Manifest]:
        """By its digest or under a tag, and under more tags; all of it or nothing."""
        media_type, body = sent
        tags = list(more_tags)
        if _is_digest(reference):
            algorithm = digests.algorithm(digests.parse(reference))
        else:
            algorithm = digests.CANONICAL
            tags.append(names.check_tag(reference))
        manifest = manifests.parse(body, media_type, algorithm=algorithm)
        if _is_digest(reference) and reference != manifest.digest:
            raise DigestMismatch(f"the digest of the manifest is {manifest.digest}, not {reference}")
        with self._door.database.write() as connection:
            repository = names.find_or_make(connection, name)
            image = images.put(connection, repository, manifest, body)
            for tag in tags:
                images.tag(connection, image, tag)
            if tags:
                image = _find(connection, repository, image.digest)  # which knows its tags now
        log.info("manifest stored", name=name, reference=reference, image=image.id, digest=image.digest)
        return image, manifest


def _headers(image: Image) -> dict[str, str]:
    return {
        "Content-Type": image.media_type,
        "Content-Length": str(image.size),
        "Docker-Content-Digest": image.digest,
        "ETag": f'"{image.digest}"',
        "Vary": "Accept",
    }


def _of_usual_platform(connection: Connection, repository: Repository, index: Image) -> Image:
    """The index itself where it has no image for that platform."""
    children = manifests.parse(images.body(connection, index.id)).children
    for child in children:
        if child.platform and manifests.matches(child.platform, _USUAL_PLATFORM):
            return images.by_digest(connection, repository.id, child.digest) or index
    return index


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

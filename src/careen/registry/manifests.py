"""Manifests by tag and by digest (OCI distribution-spec, "Pushing manifests", "Deleting manifests")."""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from careen.images import manifest as manifests
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.model.manifest import Manifest, Platform
from careen.model.registry import Image, Repository
from careen.registry import bodies, caching, names, negotiation
from careen.registry.door import RegistryDoor
from careen.registry.errors import ManifestUnknown, TooManyTags
from careen.store import images
from careen.store import manifests as stored_manifests
from careen.store.blob_files import DigestMismatch
from careen.store.manifests import StoredManifest

_MAX_MANIFEST = 4 << 20  # bytes: what every registry must take (distribution-spec, "Pushing manifests")
_MAX_TAGS = 100  # in one request
_USUAL_PLATFORM = Platform("linux", "amd64")  # as Docker's registry chooses for clients without indexes
_Found_co = TypeVar("_Found_co", covariant=True)

log = structlog.get_logger(__name__)


class Manifests:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    async def get(self, request: Request) -> Response:
        """GET and HEAD: the bytes as they were pushed, with their media type.

        For an index under a tag, a client that takes nothing but images gets the one of the usual platform.
        """
        name, reference = _target(request)
        found = await self._door.reading(self._found, name, reference)
        if not _is_digest(reference) and negotiation.wants_image(request.headers, found.media_type):
            found = await run_in_threadpool(self._of_usual_platform, name, found)
        headers = _headers(found)
        if caching.is_known(request.headers, headers["ETag"]):
            return caching.not_modified(headers)
        return Response(found.body if request.method == "GET" else b"", headers=headers)

    def _found(self, name: str, reference: str) -> StoredManifest:
        with self._door.database.read() as connection:
            return _find(connection, names.find(connection, name), reference, stored_manifests)

    def _of_usual_platform(self, name: str, index: StoredManifest) -> StoredManifest:
        """The index itself where it has no image for that platform."""
        for child in manifests.parse(index.body).children:
            if child.platform and manifests.matches(child.platform, _USUAL_PLATFORM):
                with self._door.database.read() as connection:
                    repository = names.find(connection, name)
                    return stored_manifests.by_digest(connection, repository.id, child.digest) or index
        return index

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
            image = _find(connection, names.find(connection, name), reference, images)
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
            image = images.put(connection, repository, manifest, body, sparse=self._door.sparse_indexes)
            for tag in tags:
                images.tag(connection, image, tag)
            if tags:
                image = _find(connection, repository, image.digest, images)  # which knows its tags now
        log.info("manifest stored", name=name, reference=reference, image=image.id, digest=image.digest)
        return image, manifest


def _headers(image: StoredManifest) -> dict[str, str]:
    return {
        "Content-Type": image.media_type,
        "Content-Length": str(image.size),
        "Docker-Content-Digest": image.digest,
        "ETag": f'"{image.digest}"',
        "Vary": "Accept",
    }


def _target(request: Request) -> tuple[str, str]:
    return request.path_params["name"], request.path_params["reference"]


def _is_digest(reference: str) -> bool:
    return ":" in reference


class _Finder(Protocol[_Found_co]):
    """A module of the store that finds by either kind of reference."""

    def by_digest(
        self, connection: Connection, repository_id: str, digest: Digest, /
    ) -> _Found_co | None: ...
    def by_tag(self, connection: Connection, repository_id: str, tag: str, /) -> _Found_co | None: ...


def _find(
    connection: Connection, repository: Repository, reference: str, finder: _Finder[_Found_co]
) -> _Found_co:
    if _is_digest(reference):
        found = finder.by_digest(connection, repository.id, digests.parse(reference))
    elif names.is_tag(reference):
        found = finder.by_tag(connection, repository.id, reference)
    else:
        found = None
    if found is None:
        raise ManifestUnknown(reference)
    return found

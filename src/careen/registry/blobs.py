"""Pulling blobs (OCI distribution-spec, "Pulling blobs"), whole or in ranges."""

from collections.abc import Iterator
from typing import BinaryIO

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from careen.model import digest as digests
from careen.model.digest import Digest
from careen.model.registry import Blob
from careen.registry import caching, names, ranges
from careen.registry.door import RegistryDoor
from careen.registry.errors import BlobInUse, BlobUnknown
from careen.store import blobs
from careen.store.columns import now

_PIECE = 1 << 20  # bytes per hop between threads: with 64 KiB a pull is three times slower

log = structlog.get_logger(__name__)


class Blobs:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    def get(self, request: Request) -> Response:
        """GET and HEAD."""
        name = request.path_params["name"]
        blob = self._find(name, digests.parse(request.path_params["digest"]))
        headers = _headers(blob)
        if request.method == "HEAD":
            self._promise(name, blob.digest)
            return Response(headers=headers)
        if caching.is_known(request.headers, headers["ETag"]):
            return caching.not_modified(headers)
        part = ranges.asked(request.headers, blob.size, headers["ETag"])
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{blob.size}"
            headers["Content-Length"] = str(len(part))
        pieces = _pieces(self._door.blobs.open(blob.digest), part or range(blob.size))
        return StreamingResponse(pieces, status_code=206 if part is not None else 200, headers=headers)

    def delete(self, request: Request) -> Response:
        """Nobody sees it here any more. The bytes go in the background, once no other repository has them."""
        name, digest = request.path_params["name"], digests.parse(request.path_params["digest"])
        with self._door.database.write() as connection:
            repository = names.find(connection, name)
            if blobs.linked(connection, repository.id, digest) is None:
                raise BlobUnknown(digest)
            if blobs.is_used(connection, repository.id, digest):
                raise BlobInUse(digest)
            blobs.unlink(connection, repository.id, digest)
        log.info("blob deleted", name=name, digest=digest)
        return Response(status_code=202)

    def _promise(self, name: str, digest: Digest) -> None:
        """Who hears that the blob is there will not push it: it stays for half the grace at least."""
        with self._door.database.read() as connection:
            repository = names.find(connection, name)
            touched = blobs.last_touched(connection, repository.id, digest)
        if touched is not None and touched > now() - self._door.grace / 2:
            return
        with self._door.database.write() as connection:
            if touched is None or not blobs.link_again(connection, repository.id, digest):
                raise BlobUnknown(digest)  # it was deleted a moment ago

    def _find(self, name: str, digest: Digest) -> Blob:
        with self._door.database.read() as connection:
            blob = blobs.linked(connection, names.find(connection, name).id, digest)
        if blob is None:
            raise BlobUnknown(digest)
        if not self._door.blobs.exists(digest):
            log.error("blob lost", digest=digest, path=str(self._door.blobs.path(digest)))
            raise BlobUnknown(digest)  # so that the next push brings it back
        return blob


def _headers(blob: Blob) -> dict[str, str]:
    return {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(blob.size),
        "Docker-Content-Digest": blob.digest,
        "ETag": f'"{blob.digest}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "max-age=31536000, immutable",
    }


def _pieces(file: BinaryIO, part: range) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        for start in range(part.start, part.stop, _PIECE):
            yield file.read(min(_PIECE, part.stop - start))

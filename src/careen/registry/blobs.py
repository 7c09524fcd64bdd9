"""Pulling blobs (OCI distribution-spec, "Pulling blobs"), whole or in ranges."""

from collections.abc import Iterator
from typing import BinaryIO

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from careen.errors import Unimplemented
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.model.registry import Blob
from careen.registry import names, ranges
from careen.registry.door import RegistryDoor
from careen.registry.errors import BlobUnknown
from careen.store import blobs

_PIECE = 1 << 20  # bytes per hop between threads: with 64 KiB a pull is three times slower

log = structlog.get_logger(__name__)


class Blobs:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    def get(self, request: Request) -> Response:
        """GET and HEAD."""
        blob = self._find(request.path_params["name"], digests.parse(request.path_params["digest"]))
        headers = _headers(blob)
        if request.method == "HEAD":
            return Response(headers=headers)
        part = ranges.asked(request.headers, blob.size, headers["ETag"])
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{blob.size}"
            headers["Content-Length"] = str(len(part))
        pieces = _pieces(self._door.blobs.open(blob.digest), part or range(blob.size))
        return StreamingResponse(pieces, status_code=206 if part is not None else 200, headers=headers)

    def delete(self, _: Request) -> Response:
        raise Unimplemented("blobs are not deleted one by one; delete the images that hold them")

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

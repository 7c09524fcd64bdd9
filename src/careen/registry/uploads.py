"""Pushing blobs (OCI distribution-spec, "Pushing blobs"): at once, in chunks, or by mounting.

What has arrived has arrived: the length of the upload's file is where the next chunk begins, also after a
client that went away in the middle of one.
"""

import re
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from careen.errors import Error
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.registry import bodies, names, ranges
from careen.registry.door import RegistryDoor
from careen.registry.errors import (
    BlobUploadUnknown,
    ChunkOutOfOrder,
    SizeInvalid,
    TooLarge,
    UploadBusy,
)
from careen.registry.mounts import mount
from careen.store import blobs, uploads
from careen.store.blob_files import DigestMismatch
from careen.store.upload_files import Upload, UploadEnded

_UPLOAD_ID = re.compile(r"[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True)
class Session:
    name: str  # of the repository
    upload_id: str

    @classmethod
    def of(cls, request: Request) -> "Session":
        """Raises BlobUploadUnknown for what is no id of an upload."""
        upload_id = request.path_params["upload_id"]
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise BlobUploadUnknown
        return cls(request.path_params["name"], upload_id)

    def headers(self, offset: int) -> dict[str, str]:
        return {
            "Location": f"/v2/{self.name}/blobs/uploads/{self.upload_id}",
            "Range": f"0-{max(0, offset - 1)}",  # Docker's registry, too, says 0-0 while there is nothing
            "Docker-Upload-UUID": self.upload_id,
        }


class Uploads:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    async def post(self, request: Request) -> Response:
        name, query = request.path_params["name"], request.query_params
        if "mount" in query:
            source = query.get("from", "")
            mounted = await run_in_threadpool(mount, self._door, name, query["mount"], source)
            if mounted:
                return _created(name, mounted)
        if "digest" not in query:
            algorithm = query.get("digest-algorithm", digests.CANONICAL)
            session = await run_in_threadpool(self._start, name, algorithm)
            return Response(status_code=202, headers=session.headers(0))
        digest = digests.parse(query["digest"])
        session = await run_in_threadpool(self._start, name, digests.algorithm(digest))
        try:
            return await self._complete(request, session, digest)
        except (Error, ClientDisconnect):  # nobody knows of this session: nobody will go on with it
            await run_in_threadpool(self._forget, session)
            raise

    def get(self, request: Request) -> Response:
        session = Session.of(request)
        self._check(session)
        return Response(status_code=204, headers=session.headers(self._door.blobs.size(session.upload_id)))

    async def patch(self, request: Request) -> Response:
        session = Session.of(request)
        offset = await self._receive(request, session)
        return Response(status_code=202, headers=session.headers(offset))

    async def put(self, request: Request) -> Response:
        digest = digests.parse(request.query_params.get("digest", ""))
        return await self._complete(request, Session.of(request), digest)

    def delete(self, request: Request) -> Response:
        session = Session.of(request)
        self._check(session)
        self._forget(session)
        return Response(status_code=204)

    def _start(self, name: str, algorithm: str) -> Session:
        digests.hasher(algorithm)  # or it is refused before anything is made
        with self._door.database.write() as connection:
            repository = names.find_or_make(connection, name)
            session = Session(name, uploads.start(connection, repository.id))
        self._door.blobs.expect(session.upload_id, algorithm)
        return session

    async def _complete(self, request: Request, session: Session, digest: Digest) -> Response:
        await self._receive(request, session)
        await run_in_threadpool(self._commit, session, digest)
        return _created(session.name, digest)

    async def _receive(self, request: Request, session: Session) -> int:
        """Append the request's body to the upload; returns the new offset."""
        with await run_in_threadpool(self._open, session) as upload:
            expected = _expected(request, session, upload.offset)
            limit = self._door.max_blob - upload.offset
            if (expected or 0) > limit:
                raise TooLarge(f"a blob has at most {self._door.max_blob} bytes")
            write = self._door.writing(session.name, upload)
            received = await bodies.pour(request, write, limit if expected is None else expected)
            if expected is not None and received != expected:
                raise SizeInvalid(f"{expected} bytes were announced, {received} came")
            return upload.offset

    def _open(self, session: Session) -> Upload:
        """The upload's file, locked; raises UploadBusy while another request writes to it."""
        self._check(session)
        try:
            return self._door.blobs.open_upload(session.upload_id)
        except UploadEnded as error:
            raise UploadBusy(error.message) from error

    def _commit(self, session: Session, digest: Digest) -> None:
        """The bytes appear while the blob's row is locked: who collects blobs comes before or after."""
        try:
            with (
                self._door.blobs.sealed(session.upload_id, digest) as upload,
                self._door.database.write() as connection,
            ):
                blobs.add(connection, digest, upload.size)
                blobs.link(connection, names.find_or_make(connection, session.name).id, digest)
                uploads.finish(connection, session.upload_id)
                upload.publish()
        except DigestMismatch:
            self._forget(session)
            raise
        except UploadEnded as error:
            raise UploadBusy(error.message) from error
        self._door.arrivals.blob_arrived(session.name, session.upload_id, digest)

    def _check(self, session: Session) -> None:
        with self._door.database.read() as connection:
            repository = names.find(connection, session.name)
            if uploads.get(connection, session.upload_id, repository.id) is None:
                raise BlobUploadUnknown

    def _forget(self, session: Session) -> None:
        with self._door.database.write() as connection:
            uploads.finish(connection, session.upload_id)
        self._door.blobs.discard(session.upload_id)
        self._door.arrivals.upload_ended(session.upload_id)


def _expected(request: Request, session: Session, offset: int) -> int | None:
    """Bytes that the body is to have; None when nothing says so. Raises ChunkOutOfOrder, SizeInvalid."""
    length = bodies.announced(request)
    content_range = request.headers.get("content-range")
    if content_range is None:
        return length
    chunk = ranges.chunk(content_range)
    if chunk is None or chunk.start != offset:
        raise ChunkOutOfOrder(f"the upload goes on at byte {offset}", session.headers(offset))
    if length is not None and length != len(chunk):
        raise SizeInvalid(f"Content-Range says {len(chunk)} bytes, Content-Length {length}")
    return len(chunk)


def _created(name: str, digest: Digest) -> Response:
    headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(status_code=201, headers=headers)

"""Blobs from the source into careen's store: each once, resumed where it broke off, verified."""

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx

from careen.errors import Exhausted, NotFound
from careen.images.exchange import RegistryUnavailable
from careen.migration.pulls import Pulls, WrongDigest
from careen.model.registry import Blob
from careen.store import blobs as blob_rows
from careen.store import restoring
from careen.store.blob_files import DigestMismatch, LocalBlobs
from careen.store.database import Database

_PIECE = 1 << 20  # bytes in memory for each connection
_NAME = 48  # characters of a digest in an upload's name


class Downloads:
    """`arrived` is told the bytes of every piece. Close it after use: what is under way is given up."""

    def __init__(
        self,
        pulls: Pulls,
        database: Database,
        blobs: LocalBlobs,
        *,
        folder: Path,  # that the blobs are in
        connections: int,
        arrived: Callable[[int], None],
    ) -> None:
        self._pulls = pulls
        self._database = database
        self._blobs = blobs
        self._folder = folder
        self._arrived = arrived
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="blobs")
        self._lock = threading.Lock()
        self._futures: dict[str, Future[None]] = {}

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def begin(self, blob: Blob, repositories: Sequence[str]) -> Future[None]:
        """When the blob is here; its failure is NotFound, WrongDigest, Exhausted or Unavailable.

        It is asked for in each of the repositories, of which any may have lost it.
        """
        with self._lock:
            if blob.digest not in self._futures:
                self._futures[blob.digest] = self._threads.submit(self._ensure, blob, repositories)
            return self._futures[blob.digest]

    def _ensure(self, blob: Blob, repositories: Sequence[str]) -> None:
        if self._is_here(blob):
            return None
        self._check_room(blob)
        lost = NotFound.of("Blob", blob.digest)
        for repository in repositories:
            try:
                return self._pull(blob, repository)
            except NotFound as error:
                lost = error
        raise lost

    def _pull(self, blob: Blob, repository: str) -> None:
        upload = f"migrate-{blob.digest.partition(':')[2][:_NAME]}"
        resumed = self._blobs.size(upload) > 0
        try:
            if self._blobs.size(upload) < blob.size or not blob.size:
                self._pulls.blob(
                    repository, blob.digest, self._taker(blob, upload), lambda: self._blobs.size(upload)
                )
            with self._blobs.sealed(upload, blob.digest) as sealed, self._database.write() as connection:
                restoring.put_blob(connection, blob)
                sealed.publish()
        except (DigestMismatch, WrongDigest) as error:
            self._blobs.discard(upload)
            if resumed:  # what an earlier run left may have been at fault
                return self._pull(blob, repository)
            raise WrongDigest(f"blob {blob.digest} cannot be had: {error.message}") from error

    def _taker(self, blob: Blob, upload: str) -> Callable[[httpx.Response, int], None]:
        def take(response: httpx.Response, begin: int) -> None:
            with self._blobs.open_upload(upload, begin) as file:
                for piece in response.iter_raw(_PIECE):
                    if file.offset + len(piece) > blob.size:
                        raise WrongDigest(f"the source sends more than its {blob.size} bytes")
                    file.write(piece)
                    self._arrived(len(piece))
                if file.offset < blob.size:
                    raise RegistryUnavailable(f"the source sends only {file.offset} of {blob.size} bytes")

        return take

    def _is_here(self, blob: Blob) -> bool:
        """And will not be collected before its image is written."""
        with self._database.write() as connection:
            return blob_rows.touch(connection, blob.digest) and self._blobs.exists(blob.digest)

    def _check_room(self, blob: Blob) -> None:
        """Before an endless blob fills the disk."""
        if blob.size > shutil.disk_usage(self._folder).free:
            raise Exhausted(f"there is no room for blob {blob.digest} of {blob.size} bytes")

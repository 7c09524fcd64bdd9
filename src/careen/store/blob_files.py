"""Blobs in a folder: `<algorithm>/ab/<hex>`, and `uploads/<id>` for those under way.

A blob appears by a rename, whole and fsynced, or not at all.
"""

import os
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from careen.errors import Invalid, NotFound
from careen.model import digest as digests
from careen.model.digest import Digest, InvalidDigest
from careen.store.upload_files import HashStates, Upload, upload_name

_PIECE = 1 << 20  # bytes read at a time


class DigestMismatch(Invalid): ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """An upload whose bytes are known to be those of its blob."""

    size: int  # bytes
    _upload: Path
    _target: Path

    def publish(self) -> None:
        """The blob is there, whole, and survives a power loss; or there is an exception and no blob."""
        _make_folder(self._target.parent.parent)
        _make_folder(self._target.parent)
        self._upload.replace(self._target)
        _sync_folder(self._target.parent)


class LocalBlobs:
    """Safe for threads and for several processes on one folder; memory does not grow with a blob's size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uploads = folder / "uploads"
        self._hashes = HashStates()
        for made in (folder / digests.CANONICAL, self._uploads):
            made.mkdir(parents=True, exist_ok=True)

    def open_upload(self, upload_id: str, offset: int | None = None) -> Upload:
        """The upload, to be written from `offset` (its end, if None); it is made where there is none.

        What was written beyond the offset was never acknowledged and is cut off.
        Raises Invalid when the upload is shorter than that, Unavailable when somebody else writes to it.
        """
        return Upload(self._upload(upload_id), self._hashes, offset)

    def expect(self, upload_id: str, algorithm: str) -> None:
        """An upload that has no bytes yet will get a digest of this algorithm: then none is read twice."""
        if self.size(upload_id) == 0:
            self._hashes.keep(upload_id, 0, digests.hasher(algorithm))

    def append(self, upload_id: str, offset: int, chunks: bytes | Iterable[bytes]) -> int:
        """The upload's new size. What an exception leaves unfinished is cut off by the next append."""
        with self.open_upload(upload_id, offset) as upload:
            for chunk in (chunks,) if isinstance(chunks, bytes) else chunks:
                upload.write(chunk)
            return upload.offset

    def size(self, upload_id: str) -> int:
        """Bytes of the upload so far; 0 where there is none."""
        try:
            return self._upload(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def sealed(self, upload_id: str, digest: str) -> Iterator["Sealed"]:
        """The whole upload, verified and safe from a power loss; nobody writes to it meanwhile.

        It becomes a blob by `publish`. Raises DigestMismatch when the bytes are not those; the upload is
        gone then.
        """
        target = self.path(digest)
        with self.open_upload(upload_id) as upload:
            found = upload.finish(digests.algorithm(digest))
            if found != digest:
                self.discard(upload_id)
                raise DigestMismatch(f"the digest of the {upload.offset} bytes is {found}, not {digest}")
            yield Sealed(upload.offset, upload.path, target)

    def commit(self, upload_id: str, digest: str) -> int:
        """Make a blob of the upload and return its size; once it returns the blob survives a power loss.

        Raises as `sealed`. Where blobs are collected (`jobs/garbage.py`), publish in the transaction that
        writes the blob's row instead.
        """
        with self.sealed(upload_id, digest) as upload:
            upload.publish()
            return upload.size

    def discard(self, upload_id: str) -> None:
        self._upload(upload_id).unlink(missing_ok=True)
        self._hashes.forget(upload_id)

    def last_written(self, upload_id: str) -> float | None:
        """Seconds since the epoch; None where there is no file (yet)."""
        try:
            return self._upload(upload_id).stat().st_mtime
        except FileNotFoundError:
            return None

    def sweep(self, older_than: timedelta, *, known: Collection[str] = ()) -> int:
        """Remove the uploads, but the known, to which nothing was written for so long; returns how many."""
        oldest = time.time() - older_than.total_seconds()
        swept = 0
        for path in self._uploads.iterdir():
            with suppress(FileNotFoundError):  # it was committed a moment ago
                if path.name not in known and path.stat().st_mtime < oldest:
                    path.unlink()
                    swept += 1
        return swept

    def path(self, digest: str) -> Path:
        """Where the blob is, or would be; raises InvalidDigest."""
        encoded = digests.encoded(digests.parse(digest))
        return self._folder / digests.algorithm(digest) / encoded[:2] / encoded

    def exists(self, digest: str) -> bool:
        return self.path(digest).exists()

    def open(self, digest: str) -> BinaryIO:
        """The blob's bytes; raises NotFound."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound.of("Blob", digest) from error

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def old(self, older_than: timedelta) -> Iterator[Digest]:
        """The blobs whose bytes were written so long ago."""
        oldest = time.time() - older_than.total_seconds()
        for algorithm in digests.ALGORITHMS:
            for path in (self._folder / algorithm).glob("[0-9a-f][0-9a-f]/*"):
                with suppress(FileNotFoundError, InvalidDigest):
                    if path.stat().st_mtime < oldest:
                        yield digests.parse(f"{algorithm}:{path.name}")

    def write(self, data: bytes) -> Digest:
        digest = digests.of(data)
        self._adopt([data], digest)
        return digest

    def adopt(self, source: Path | BinaryIO, digest: str) -> int:
        """Store a copy of the bytes and return their size; raises DigestMismatch."""
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return self._adopt(_pieces(stream), digest)
        return self._adopt(_pieces(source), digest)

    def _adopt(self, pieces: Iterable[bytes], digest: str) -> int:
        upload_id = str(uuid.uuid4())
        try:
            self.append(upload_id, 0, pieces)
            return self.commit(upload_id, digest)
        finally:
            self.discard(upload_id)

    def _upload(self, upload_id: str) -> Path:
        return self._uploads / upload_name(upload_id)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _make_folder(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir()
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make the names in the folder survive a power loss (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Blobs are indexed while they are pushed: what the registry's door hears of them."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from careen.errors import Error
from careen.images.inflate import HEAD, may_be_layer
from careen.jobs.child import LayerSource
from careen.jobs.indexing import Indexing
from careen.jobs.task import Task
from careen.model.digest import Digest
from careen.store.blob_files import LocalBlobs
from careen.store.upload_files import Upload

log = structlog.get_logger(__name__)

_WORTH = 4 << 20  # bytes of an upload that are worth a process before the blob is whole
_KNOWN = 1000  # uploads; the oldest of more are forgotten, and indexed when they are needed


class Arriving:
    """Arrivals as the registry's door has them. What is missed here is indexed when it is needed."""

    def __init__(self, indexing: Indexing, blobs: LocalBlobs) -> None:
        self._indexing = indexing
        self._blobs = blobs
        self._lock = threading.Lock()
        # By the upload's id. None: it is no layer, or there was no room to follow it.
        self._tasks: OrderedDict[str, Task | None] = OrderedDict()

    def bytes_arrived(self, name: str, upload: Upload) -> None:
        upload_id = upload.path.name
        with self._lock:
            is_known, task = upload_id in self._tasks, self._tasks.get(upload_id)
        if task is not None:
            self._indexing.grow(task, upload.offset)
        elif not is_known and upload.offset >= _WORTH:
            with _told():
                self._keep(upload_id, self._follow(name, upload))

    def blob_arrived(self, name: str, upload_id: str, digest: Digest) -> None:
        task = self._forget(upload_id)
        with _told():
            path = self._blobs.path(digest)
            source = LayerSource(path, 0, path.stat().st_size, digest)
            if task is not None:
                self._indexing.complete(task, source)
            elif may_be_layer(_head(path)):
                self._indexing.soon([source], whose=name)

    def upload_ended(self, upload_id: str) -> None:
        task = self._forget(upload_id)
        if task is not None:
            self._indexing.drop(task)

    def _follow(self, name: str, upload: Upload) -> Task | None:
        if not may_be_layer(_head(upload.path)):
            return None
        return self._indexing.follow(upload.path, upload.offset, whose=name)

    def _keep(self, upload_id: str, task: Task | None) -> None:
        with self._lock:
            self._tasks[upload_id] = task
            oldest = self._tasks.popitem(last=False)[1] if len(self._tasks) > _KNOWN else None
        if oldest is not None:
            self._indexing.drop(oldest)

    def _forget(self, upload_id: str) -> Task | None:
        with self._lock:
            return self._tasks.pop(upload_id, None)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong goes wrong again at the Scan, and is said there."""
    try:
        yield
    except (Error, OSError) as error:
        log.warning("blob not indexed yet", reason=str(error))

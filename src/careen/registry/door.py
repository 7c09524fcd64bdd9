"""What the handlers of this door work with."""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar, TypeVarTuple

from starlette.concurrency import run_in_threadpool

from careen.audit.trail import Trail
from careen.auth.authentication import Authentication
from careen.model.digest import Digest
from careen.model.registry import Image
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database
from careen.store.upload_files import Upload

_Arguments = TypeVarTuple("_Arguments")
_Answer = TypeVar("_Answer")


class Arrivals(Protocol):
    """Hears of blobs while they are pushed, in a thread. Must be quick, and must not raise."""

    def bytes_arrived(self, name: str, upload: Upload) -> None:
        """More of the blob is in the upload's file, `upload.offset` bytes in all. `name`: the repository."""

    def blob_arrived(self, name: str, upload_id: str, digest: Digest) -> None:
        """The upload became a blob: its bytes were verified and are kept under that digest."""

    def upload_ended(self, upload_id: str) -> None:
        """Nothing came of the upload."""


class Unheard:
    """Arrivals that nobody listens to."""

    def bytes_arrived(self, name: str, upload: Upload) -> None: ...
    def blob_arrived(self, name: str, upload_id: str, digest: Digest) -> None: ...
    def upload_ended(self, upload_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class RegistryDoor:
    """`images_arrived` is called in a thread with every image that was stored; it must not raise.

    What it returns is under way for the image: the answer to the push waits for that, but not longer than
    `patience`.
    """

    database: Database
    blobs: LocalBlobs
    images_arrived: Callable[[Image], Collection[Future[Any]] | None]
    authentication: Authentication
    trail: Trail
    max_blob: int = 64 << 30  # bytes
    patience: float = 20.0  # seconds
    arrivals: Arrivals = Unheard()  # noqa: RUF009 - it has no state
    grace: timedelta = timedelta(days=1)  # how long a blob that no image uses is kept
    sparse_indexes: bool = False  # whether an index may name images that are not there

    async def reading(self, read: Callable[[*_Arguments], _Answer], *arguments: *_Arguments) -> _Answer:
        """What `read` gives, which reads a few rows; in a thread unless that takes longer than they do."""
        if self.database.is_at_hand:
            return read(*arguments)
        return await run_in_threadpool(read, *arguments)

    def writing(self, name: str, upload: Upload) -> Callable[[memoryview], None]:
        """`upload.write`, of which `arrivals` hears."""

        def write(chunk: memoryview) -> None:
            upload.write(chunk)
            self.arrivals.bytes_arrived(name, upload)

        return write

"""What the handlers of this door work with."""

from collections.abc import Callable
from dataclasses import dataclass

from careen.model.registry import Image
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database


@dataclass(frozen=True, slots=True)
class RegistryDoor:
    """`images_arrived` is called in a thread with every image that was stored; it must not raise."""

    database: Database
    blobs: LocalBlobs
    images_arrived: Callable[[Image], None]
    max_blob: int = 64 << 30  # bytes

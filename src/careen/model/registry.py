"""What the registry keeps: the resources of `yandex.cloud.containerregistry.v1`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from careen.model.digest import Digest
from careen.model.severity import Counts

LONGEST_NAME = 255  # characters of a repository's: for many clients no more fit into a reference


@dataclass(frozen=True, slots=True)
class Registry:
    id: str
    folder_id: str
    name: str
    created_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repository:
    id: str
    registry_id: str
    name: str  # "<registry id>/<path>", unique
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Blob:
    id: str
    digest: Digest
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Image:
    """A stored manifest with its tags; for an index `config` is None and there are no layers."""

    id: str
    repository_id: str
    name: str  # of its repository
    digest: Digest
    media_type: str
    size: int  # bytes of the manifest itself
    created_at: datetime
    config: Blob | None = None
    layers: tuple[Blob, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def compressed_size(self) -> int:
        """Bytes of config and layers together, as Yandex counts them."""
        return (self.config.size if self.config else 0) + sum(layer.size for layer in self.layers)


class ScanStatus(IntEnum):
    """Numbered as `ScanResult.Status`."""

    RUNNING = 1
    READY = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class ScanResult:
    id: str
    image_id: str
    status: ScanStatus
    created_at: datetime
    scanned_at: datetime | None = None  # when the scan ended
    counts: Counts = field(default_factory=Counts)
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """A long-running operation. Its row is the truth of a job."""

    id: str
    method: str  # full name: "yandex.cloud.containerregistry.v1.ScannerService.Scan"
    subject: str  # what it works on: an image id
    description: str
    created_at: datetime
    created_by: str
    modified_at: datetime
    metadata: Mapping[str, str]  # the fields of the method's metadata message: {"scan_result_id": "che…"}
    done: bool = False
    error_kind: str = ""  # name of a class of careen.errors, such as "Invalid"; "" = no error
    error_message: str = ""
    response: bytes | None = None  # a message of the method's; None: it is what the resource is now

"""The end of a scan, as an event of the audit log; its beginning is told by the door."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from careen.api import status
from careen.audit.event import Event, Failure, Origin
from careen.audit.trail import Trail
from careen.model.access import Identity, SubjectType
from careen.model.registry import Operation
from careen.store import accounts, ancestry, images, operations, scans
from careen.store.database import Database


@dataclass(frozen=True, slots=True)
class ScanEvents:
    database: Database
    trail: Trail

    def __call__(self, operation_id: str) -> None:
        with self.database.read() as connection:
            operation = operations.get(connection, operation_id)
            event = self._event(connection, operation) if operation else None
        if event is not None:
            self.trail.write(event)

    def _event(self, connection: Connection, operation: Operation) -> Event:
        told = status.of_kind(operation.error_kind, operation.error_message)
        return Event(
            "ScanImage",
            Origin(_caller(connection, operation.created_by)),
            ancestry.of_image(connection, operation.subject) or (),
            _details(connection, operation),
            {"image_id": operation.subject},
            {"operation_id": operation.id},
            failure=Failure(told.code, told.message) if operation.error_kind else None,
        )


def _details(connection: Connection, operation: Operation) -> Mapping[str, Any]:
    """As Yandex' ScanImage has them; counts are written as texts there."""
    image = images.get(connection, operation.subject)
    result = scans.get(connection, operation.metadata["scan_result_id"])
    details: dict[str, Any] = {
        "image_id": operation.subject,
        "scan_result_id": operation.metadata["scan_result_id"],
    }
    if image is not None:
        registry_id = image.name.partition("/")[0]
        details |= {"registry_id": registry_id, "image_name": image.name, "image_digest": image.digest}
    if result is not None and result.scanned_at is not None:
        details["scanned_at"] = result.scanned_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if result is not None and not operation.error_kind:
        counts = asdict(result.counts)
        details["vulnerability_stats"] = {name: str(count) for name, count in counts.items()}
    return details


def _caller(connection: Connection, created_by: str) -> Identity:
    """An account, or what begins scans by itself."""
    account = accounts.get(connection, created_by)
    return Identity(created_by, SubjectType.SYSTEM) if account is None else Identity.of(account)

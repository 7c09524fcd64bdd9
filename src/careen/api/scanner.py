"""ScannerService (yandex/cloud/containerregistry/v1/scanner_service.proto)."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import scanner_pb2, scanner_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation as OperationMessage

from careen.api import messages, operations, paging, references
from careen.api.call import Call
from careen.api.fields import Field, member_of
from careen.api.validation import invalid
from careen.errors import NotFound
from careen.model.registry import Image, Operation, ScanResult, ScanStatus
from careen.model.severity import Severity
from careen.store import repositories, scans
from careen.store.database import Database
from careen.store.idempotency import Attempt

_SCANS = (Field("status", ("scan_result",), member_of(ScanStatus)), Field("created_at", ("scan_result",)))
_VULNERABILITIES = (
    Field("severity", ("vulnerability",), member_of(Severity)),
    Field("name", ("package", "package_vulnerability", "vulnerability.package")),
    Field("package", ("package", "package_vulnerability", "vulnerability.package")),
)


class Scans(Protocol):
    """What begins and stops scans."""

    def start(self, image: Image, *, caller: str, attempt: Attempt | None = None) -> Operation: ...
    def cancelled(self, operation_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Scanner:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.ScannerService"

    database: Database
    scans: Scans

    def scan(self, request: scanner_service_pb2.ScanRequest, call: Call) -> OperationMessage:
        """Also takes an image reference for an id (careen's own): it is what people have at hand."""
        with self.database.read() as connection:
            image = references.image(connection, request.image_id)
        operation = self.scans.start(image, caller=call.caller.id, attempt=call.attempt)
        with self.database.read() as connection:
            return operations.message(connection, operation)

    def get(self, request: scanner_service_pb2.GetScanResultRequest, _: Call) -> scanner_pb2.ScanResult:
        with self.database.read() as connection:
            return messages.scan_result(_scan(connection, request.scan_result_id))

    def get_last(
        self, request: scanner_service_pb2.GetLastScanResultRequest, _: Call
    ) -> scanner_pb2.ScanResult:
        """The scan that finished last, whether it is READY or ERROR."""
        if not request.image_id:
            raise invalid("image_id", "must be given")
        with self.database.read() as connection:
            image = references.image(connection, request.image_id)
            scan = scans.last(connection, image.id)
        if scan is None:
            raise NotFound(f"No finished scan of image {image.id} found")
        return messages.scan_result(scan)

    def list(
        self, request: scanner_service_pb2.ListScanResultsRequest, _: Call
    ) -> scanner_service_pb2.ListScanResultsResponse:
        asked = paging.read(request, filterable=_SCANS[:1], orderable=_SCANS)
        response = scanner_service_pb2.ListScanResultsResponse()
        with self.database.read() as connection:
            if repository_id := request.repository_id:
                _require_repository(connection, repository_id)
                found = scans.page(connection, repository_id=repository_id, page=asked.page)
            else:
                image = references.image(connection, request.image_id)
                found = scans.page(connection, image_id=image.id, page=asked.page)
        response.next_page_token = asked.fill(response.scan_results, found, messages.scan_result)
        return response

    def list_vulnerabilities(
        self, request: scanner_service_pb2.ListVulnerabilitiesRequest, _: Call
    ) -> scanner_service_pb2.ListVulnerabilitiesResponse:
        asked = paging.read(request, filterable=_VULNERABILITIES, orderable=_VULNERABILITIES)
        response = scanner_service_pb2.ListVulnerabilitiesResponse()
        with self.database.read() as connection:
            _scan(connection, request.scan_result_id)
            found = scans.findings(connection, request.scan_result_id, page=asked.page)
        response.next_page_token = asked.fill(
            response.vulnerabilities, found, lambda placed: messages.vulnerability(placed[1])
        )
        return response


def _scan(connection: Connection, scan_id: str) -> ScanResult:
    scan = scans.get(connection, scan_id)
    if scan is None:
        raise NotFound.of("ScanResult", scan_id)
    return scan


def _require_repository(connection: Connection, repository_id: str) -> None:
    if repositories.get(connection, repository_id) is None:
        raise NotFound.of("Repository", repository_id)

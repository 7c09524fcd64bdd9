"""`GET /careen/v1/scans/<id>`: all that a scan found out, which Yandex' messages have no room for."""

from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from careen.api import rest
from careen.api.call import Call
from careen.api.dispatch import Api
from careen.auth.roles import Right
from careen.errors import Error, NotFound, Precondition
from careen.images import documents
from careen.images.documents import InvalidDocument
from careen.images.history import created_by
from careen.model.access import Path
from careen.model.registry import Image
from careen.report import ImageFacts
from careen.report import json as json_report
from careen.store import ancestry, images, scans
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database


def routes(api: Api, database: Database, blobs: LocalBlobs) -> list[Route]:
    async def report(request: Request) -> Response:
        call = rest.call_of(api, request)
        try:
            scan_id = request.path_params["scan_result_id"]
            return await api.in_thread(_report, api, database, blobs, call, scan_id)
        except Error as error:
            return rest.refusal(error, call)

    return [Route("/careen/v1/scans/{scan_result_id}", report)]


def _report(api: Api, database: Database, blobs: LocalBlobs, call: Call, scan_id: str) -> Response:
    """For those who may read the scan's result by Yandex' API."""
    api.admit(call, Right.SCAN, partial(_path, scan_id))
    with database.read() as connection:
        result = scans.get(connection, scan_id)
        verdict = scans.verdict(connection, scan_id)
        image = images.get(connection, result.image_id) if result else None
        parts = (image, *images.children(connection, image)) if image else ()
    if result is None or image is None:
        raise NotFound.of("ScanResult", scan_id)
    if verdict is None:
        raise Precondition(f"ScanResult {scan_id} has no report: it is {result.status.name}")
    facts = ImageFacts(
        f"{image.name}@{image.digest}",
        image.digest,
        size=sum(part.compressed_size for part in parts),
        layers=tuple(layer.digest for part in parts for layer in part.layers),
        created_by=tuple(command for part in parts for command in _created_by(part, blobs)),
    )
    report = json_report.render(verdict, facts)
    return Response(report, headers=dict(call.headers), media_type="application/json")


def _created_by(image: Image, blobs: LocalBlobs) -> tuple[str, ...]:
    nothing = ("",) * len(image.layers)
    if image.config is None or image.config.size > documents.LIMIT or not blobs.exists(image.config.digest):
        return nothing
    try:
        with blobs.open(image.config.digest) as file:
            config = documents.load_object(file.read())
    except InvalidDocument:  # pushed as it is: the registry does not look into configs
        return nothing
    return created_by(config.fields, len(image.layers))


def _path(scan_id: str, connection: Connection) -> Path | None:
    return ancestry.of_scan_result(connection, scan_id)

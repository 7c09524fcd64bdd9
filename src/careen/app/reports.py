"""`GET /careen/v1/scans/<id>`: all that a scan found out, which Yandex' messages have no room for."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from careen.report import ImageFacts
from careen.report import json as json_report
from careen.store import images, scans
from careen.store.database import Database


def routes(database: Database) -> list[Route]:
    async def report(request: Request) -> Response:
        return await run_in_threadpool(_report, database, request.path_params["scan_result_id"])

    return [Route("/careen/v1/scans/{scan_result_id}", report)]


def _report(database: Database, scan_id: str) -> Response:
    with database.read() as connection:
        result = scans.get(connection, scan_id)
        verdict = scans.verdict(connection, scan_id)
        image = images.get(connection, result.image_id) if result else None
    if result is None or image is None:
        return _refusal(404, 5, f"ScanResult {scan_id} not found")
    if verdict is None:
        return _refusal(400, 9, f"ScanResult {scan_id} has no report: it is {result.status.name}")
    facts = ImageFacts(
        f"{image.name}@{image.digest}",
        image.digest,
        size=image.compressed_size,
        layers=tuple(layer.digest for layer in image.layers),
    )
    return Response(json_report.render(verdict, facts), media_type="application/json")


def _refusal(status: int, code: int, message: str) -> Response:
    """google.rpc.Status, as the rest of the API answers."""
    return JSONResponse({"code": code, "message": message, "details": []}, status_code=status)

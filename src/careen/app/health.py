"""Whether the process lives (`/healthz`) and can answer (`/readyz`)."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from careen.errors import Error
from careen.store.database import Database


def routes(database: Database) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        try:
            current = await run_in_threadpool(database.is_current)
        except Error as error:
            return PlainTextResponse(f"{error.message}\n", status_code=503)
        return PlainTextResponse("ok\n") if current else PlainTextResponse("upgrade\n", status_code=503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]

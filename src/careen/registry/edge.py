"""The one place where exceptions become answers."""

from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from careen.errors import Error
from careen.registry import errors
from careen.registry.large_bodies import LargeBodies
from careen.registry.linger import Linger

_SIGNATURE = (b"docker-distribution-api-version", b"registry/2.0")
_OUR_FAULT = "the registry has a problem; its log says which"

log = structlog.get_logger(__name__)


def guarded(app: ASGIApp) -> ASGIApp:
    """`app`, of whose exceptions a client sees only an OCI error."""
    handlers = {Error: _refuse, HTTPException: _miss, ClientDisconnect: _leave, Exception: _fail}
    return LargeBodies(Linger(Signed(ExceptionMiddleware(app, handlers))))


class Signed:
    """Every answer says of which API it is (distribution-spec, "Legacy Docker support HTTP headers")."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), _SIGNATURE]
            await send(message)

        await self._app(scope, receive, signed)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Error)
    status, code = errors.answer(error)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.response(error)
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    if status == HTTPStatus.INSUFFICIENT_STORAGE:
        return errors.response(error)
    return errors.plain(status, code, _OUR_FAULT)


async def _miss(_: Request, error: Exception) -> Response:
    """A path or a method that is not of this API: the router says so."""
    assert isinstance(error, HTTPException)
    return errors.plain(error.status_code, "UNSUPPORTED", error.detail, headers=error.headers)


async def _leave(request: Request, _: Exception) -> Response:
    log.info("client went away", method=request.method, path=request.url.path)
    return errors.plain(HTTPStatus.BAD_REQUEST, "SIZE_INVALID", "the body broke off")


async def _fail(request: Request, error: Exception) -> Response:
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return errors.plain(HTTPStatus.INTERNAL_SERVER_ERROR, "UNKNOWN", _OUR_FAULT)

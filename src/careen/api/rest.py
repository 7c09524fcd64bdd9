"""The REST door: routes made from the methods' HTTP rules (googleapis/google/api/http.proto)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from careen.api import json_requests, json_responses, openapi, openapi_page, status
from careen.api.call import Call, Client
from careen.api.dispatch import Api
from careen.api.methods import Method
from careen.api.routing import Routing, places
from careen.auth import clients
from careen.auth.limits import TooManyFailures
from careen.errors import Invalid, NotFound, Unimplemented

_LARGEST_BODY = 1 << 20  # bytes
_PLAIN = "identity"  # of content-encoding
_DIGITS = 18  # of a content-length, which the server has checked to be a number
_METHOD_NOT_ALLOWED, _NOT_FOUND = 405, 404
_ONLY_ITSELF = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


def routes(api: Api) -> Sequence[Route]:
    """All that lies below the first segments of the API's paths.

    So the answer to a mistyped path is google.rpc.Status too.
    """
    door = _Door(api)
    prefixes = sorted({place.template.split("/")[1] for place in places()})
    return [
        Route("/openapi.json", _openapi),
        Route("/docs", _page),
        *(Route(f"/{prefix}", door) for prefix in prefixes),
        *(Route(f"/{prefix}/{{rest:path}}", door) for prefix in prefixes),
    ]


def _openapi(_: Request) -> Response:
    return JSONResponse(openapi.document())


def _page(_: Request) -> Response:
    return HTMLResponse(openapi_page.page(), headers=_ONLY_ITSELF)


def refusals(api: Api) -> Mapping[Any, Callable[[Request, Exception], Response]]:
    """Starlette's handlers for what no route of the whole door answers."""

    def refuse(request: Request, error: Exception) -> Response:
        call = Call(api.grpc_address)
        assert isinstance(error, HTTPException)
        if error.status_code != _METHOD_NOT_ALLOWED:
            return refusal(NotFound(f"There is no path {request.url.path[:200]} here"), call)
        response = refusal(Unimplemented(f"{request.method} cannot be done with this path"), call)
        response.status_code = _METHOD_NOT_ALLOWED
        response.headers.update(error.headers or {})
        return response

    return {_NOT_FOUND: refuse, _METHOD_NOT_ALLOWED: refuse}


class _Door:
    """An ASGI application, so that it sees every verb."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._routing = Routing()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        call = call_of(self._api, request)
        try:
            place, variables = self._routing.find(request.scope["path"])
            if request.method not in place.methods:
                return _refuse(sorted(place.methods), call)
            content = await self._answer(place.methods[request.method], variables, request, call)
            return _json(content, 200, call)
        except Exception as error:  # noqa: BLE001 - the edge of the server: whoever waits gets an answer
            return refusal(error, call)

    async def _answer(self, method: Method, path: Mapping[str, str], request: Request, call: Call) -> bytes:
        body: bytes | Invalid = b""
        if method.http and method.http.has_body:
            try:
                body = await _body(request)
            except Invalid as error:  # which only those may hear who are known
                body = error
        query = request.query_params.multi_items()

        def answer() -> bytes:
            known = self._api.identified(method, call)
            with self._api.reading(method, known):
                if isinstance(body, Invalid):
                    raise body
                message = json_requests.read(method, path, query, body)
            return json_responses.write(self._api.call(method, message, known))

        return await self._api.run(method, answer)


def _refuse(verbs: Sequence[str], call: Call) -> Response:
    response = refusal(Unimplemented(f"Only {', '.join(verbs)} can be done with this path"), call)
    response.status_code = _METHOD_NOT_ALLOWED
    response.headers["allow"] = ", ".join(verbs)
    return response


def call_of(api: Api, request: HTTPConnection) -> Call:
    """Not yet identified."""
    host, port = request.client or ("", 0)
    address = clients.address(host, request.headers.get("x-forwarded-for", ""), api.proxies)
    return Call(
        api.grpc_address,
        idempotency_key=request.headers.get("idempotency-key", ""),
        authorization=request.headers.get("authorization", ""),
        client=Client(address, port if address == host else 0, request.headers.get("user-agent", "")),
        client_request_id=request.headers.get("x-client-request-id", ""),
    )


async def _body(request: Request) -> bytes:
    if request.headers.get("content-encoding", _PLAIN) != _PLAIN:
        raise Invalid("The body must not be compressed")
    announced = request.headers.get("content-length", "0")
    if len(announced) > _DIGITS or int(announced) > _LARGEST_BODY:
        raise Invalid(f"The body is larger than {_LARGEST_BODY} bytes")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise Invalid(f"The body is larger than {_LARGEST_BODY} bytes")
    except ClientDisconnect as error:
        raise Invalid("The body ended too early") from error
    return bytes(body)


def refusal(error: Exception, call: Call) -> Response:
    """google.rpc.Status, for every path of this door."""
    told = status.of(error, call)
    response = _json(json_responses.write(told), status.http_status(told.code), call)
    if isinstance(error, TooManyFailures):
        response.headers["retry-after"] = str(error.retry_after)
    return response


def _json(content: bytes, http_status: int, call: Call) -> Response:
    return Response(content, http_status, dict(call.headers), media_type="application/json")

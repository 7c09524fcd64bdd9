"""The REST door: routes made from the methods' HTTP rules (googleapis/google/api/http.proto)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from careen.api import json_requests, json_responses, status
from careen.api.call import Call, Client
from careen.api.dispatch import Api
from careen.api.methods import METHODS, Method
from careen.auth import clients
from careen.auth.limits import TooManyFailures
from careen.errors import Invalid, NotFound, Unimplemented

_LARGEST_BODY = 1 << 20  # bytes
_DIGITS = 18  # of a content-length, which the server has checked to be a number
_METHOD_NOT_ALLOWED, _NOT_FOUND = 405, 404

# Names of repositories and references to images have slashes in them; clients send them raw and as %2F.
_WITH_SLASHES = re.compile(r"{(repository_name|image_id)}")

# The proto says GET and Yandex' design guide says POST.
_CANCEL = "yandex.cloud.operation.OperationService.Cancel"


def routes(api: Api) -> Sequence[Route]:
    """A route for every path of the API, and for all else below its first segments.

    So the answer to a mistyped path is google.rpc.Status too.
    """
    paths = [_Path(api, path, by_verb) for path, by_verb in _by_path()]
    prefixes = sorted({path.split("/")[1] for path, _ in _by_path()})
    unknown = _Path(api, "", {})
    return [
        *(Route(path.template, path) for path in sorted(paths, key=_Path.precedence)),
        *(Route(f"/{prefix}", unknown) for prefix in prefixes),
        *(Route(f"/{prefix}/{{rest:path}}", unknown) for prefix in prefixes),
    ]


def refusals(api: Api) -> Mapping[Any, Callable[[Request, Exception], Response]]:
    """Starlette's handlers for what no route of the whole door answers."""

    def refuse(request: Request, error: Exception) -> Response:
        call = Call(api.grpc_address)
        assert isinstance(error, HTTPException)
        if error.status_code != _METHOD_NOT_ALLOWED:
            return _error(NotFound(f"There is no path {request.url.path[:200]} here"), call)
        response = _error(Unimplemented(f"{request.method} cannot be done with this path"), call)
        response.status_code = _METHOD_NOT_ALLOWED
        response.headers.update(error.headers or {})
        return response

    return {_NOT_FOUND: refuse, _METHOD_NOT_ALLOWED: refuse}


def _by_path() -> Iterator[tuple[str, Mapping[str, Method]]]:
    bindings = sorted(_bindings(), key=lambda binding: binding[0])
    for path, group in groupby(bindings, key=lambda binding: binding[0]):
        yield path, {verb: method for _, verb, method in group}


def _bindings() -> Iterator[tuple[str, str, Method]]:
    for method in METHODS.values():
        if method.http is not None:
            yield method.http.path, method.http.verb, method
            if method.full_name == _CANCEL:
                yield method.http.path, "POST", method


class _Path:
    """All that can be done with one path: an ASGI application, so that it sees every verb."""

    def __init__(self, api: Api, path: str, methods: Mapping[str, Method]) -> None:
        self._api = api
        self._methods = methods
        self.template = _WITH_SLASHES.sub(r"{\1:path}", path)

    def precedence(self) -> tuple[bool, str]:
        """Paths with a `:verb` come first: an id that stands alone would match the verb too."""
        return ":" not in self.template.rpartition("}")[2], self.template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        call = call_of(self._api, request)
        try:
            if request.method in self._methods:
                return _json(await self._answer(self._methods[request.method], request, call), 200, call)
            return self._refuse(request, call)
        except Exception as error:  # noqa: BLE001 - the edge of the server: whoever waits gets an answer
            return _error(error, call)

    async def _answer(self, method: Method, request: Request, call: Call) -> bytes:
        body = await _body(request) if method.http and method.http.has_body else b""
        path, query = request.path_params, request.query_params.multi_items()

        def answer() -> bytes:
            known = self._api.identified(method, call)
            message = json_requests.read(method, path, query, body)
            return json_responses.write(self._api.call(method, message, known))

        return await self._api.in_thread(answer)

    def _refuse(self, request: Request, call: Call) -> Response:
        if not self._methods:
            raise NotFound(f"There is no path {request.url.path[:200]} in the API")
        verbs = ", ".join(sorted(self._methods))
        response = _error(Unimplemented(f"Only {verbs} can be done with this path"), call)
        response.status_code = _METHOD_NOT_ALLOWED
        response.headers["allow"] = verbs
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
    )


async def _body(request: Request) -> bytes:
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


def _error(error: Exception, call: Call) -> Response:
    told = status.of(error, call)
    response = _json(json_responses.write(told), status.http_status(told.code), call)
    if isinstance(error, TooManyFailures):
        response.headers["retry-after"] = str(error.retry_after)
    return response


def _json(content: bytes, http_status: int, call: Call) -> Response:
    return Response(content, http_status, dict(call.headers), media_type="application/json")

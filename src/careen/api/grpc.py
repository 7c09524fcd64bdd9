"""The gRPC door: all services behind one port, with TLS or without (grpc.github.io/grpc/python, asyncio).

One event loop takes the calls, for two threads would fight for the interpreter's lock; what takes longer than
to read a row goes to the API's threads.
"""

from collections.abc import Mapping
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError, Message

from careen.api import status
from careen.api.call import Call, Client
from careen.api.dispatch import Api
from careen.api.methods import METHODS, Method
from careen.api.tls import Material
from careen.auth import clients
from careen.errors import Invalid, Unavailable, Unimplemented

_MOST_CALLS = 1000  # at a time; more are refused
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or a second server would take half of the calls in silence
    ("grpc.max_receive_message_length", 1 << 20),
    ("grpc.max_send_message_length", 16 << 20),
)
_HEADERS = frozenset(
    {"authorization", "idempotency-key", "user-agent", "x-client-request-id", "x-forwarded-for"}
)
_CODES = {code.value[0]: code for code in grpc.StatusCode}


async def serve(
    api: Api, address: str, *, material: Material | None = None, advertised: str = ""
) -> tuple[grpc.aio.Server, int]:
    """A started server at `address` (HOST:PORT) and its port; without `material` there is no TLS.

    Discovery gives out `advertised`, or else the address itself. Raises Unavailable when it is taken.
    """
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_MOST_CALLS)
    try:
        if material is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, _credentials(material))
    except RuntimeError as error:
        raise Unavailable(f"careen cannot listen on {address}: is it in use?") from error
    own = f"{address.rpartition(':')[0]}:{port}"
    server.add_generic_rpc_handlers((_Door(api, advertised or own),))
    await server.start()
    return server, port


def _credentials(material: Material) -> grpc.ServerCredentials:
    pair = (material.key.read_bytes(), material.certificate.read_bytes())
    return grpc.ssl_server_credentials([pair])


class _Door(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no annotations
    """Answers every call, those of unknown methods too, so that every answer has its headers."""

    def __init__(self, api: Api, address: str) -> None:
        self._api = api
        self._address = address
        self._methods = {method.grpc_path: method for method in METHODS.values()}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = self._methods.get(details.method)
        headers = {key: value for key, value in details.invocation_metadata or () if key in _HEADERS}

        async def answer(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
            call = self._call(headers, context.peer())
            await context.send_initial_metadata((("server", "ycapi"), *call.headers.items()))
            try:
                return await self._answer(method, body, call)
            except Exception as error:  # noqa: BLE001 - the edge of the server: whoever waits gets an answer
                told = status.of(error, call)
            context.set_trailing_metadata((("grpc-status-details-bin", told.SerializeToString()),))
            await context.abort(_CODES[told.code], told.message)
            raise AssertionError("it raises")

        return grpc.unary_unary_rpc_method_handler(answer)

    async def _answer(self, method: Method | None, body: bytes, call: Call) -> bytes:
        if method is None:
            raise Unimplemented("There is no such method")

        def work() -> bytes:
            known = self._api.identified(method, call)
            with self._api.reading(method, known):
                request = _request(method, body)
            return self._api.call(method, request, known).SerializeToString()

        return await self._api.run(method, work)

    def _call(self, headers: Mapping[str, str], peer: str) -> Call:
        host, port = _peer(peer)
        address = clients.address(host, headers.get("x-forwarded-for", ""), self._api.proxies)
        return Call(
            self._address,
            idempotency_key=headers.get("idempotency-key", ""),
            authorization=headers.get("authorization", ""),
            client=Client(address, port if address == host else 0, headers.get("user-agent", "")),
            client_request_id=headers.get("x-client-request-id", ""),
        )


def _peer(text: str) -> tuple[str, int]:
    """Address and port of what gRPC calls `ipv4:127.0.0.1:4711` or `ipv6:%5B::1%5D:4711`."""
    host, _, port = unquote(text).partition(":")[2].rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0


def _request(method: Method, body: bytes) -> Message:
    try:
        return method.request.FromString(body)
    except DecodeError as error:
        raise Invalid(f"Not a message of {method.request.DESCRIPTOR.full_name}") from error

"""Large bodies come from the socket straight into buffers that are used again and again.

On uvicorn's own way the bytes of a body are handed on in small pieces, each parsed, copied four times and
waited for by itself: that took more CPU than to hash them.
"""

import asyncio
from typing import cast

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_EXTENSION = "careen.connection"  # of ASGI: who serves the connection
_PIECE = 1 << 20  # bytes
_LARGE = 1 << 20  # bytes
_MOMENT = 0.5  # seconds after which a piece is handed on that is not full yet


class Protocol(HttpToolsProtocol):
    """uvicorn's, which `LargeBodies` may push aside for the length of a body."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"server": self}}

    def begin_anew(self) -> None:
        """The body that is under way has been read: the next byte is of the next request."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own begins
        self.cycle.more_body = False


class LargeBodies:
    """`app`, to which bodies that tell their length come in large pieces, where the server is a `Protocol`.

    These are memoryviews. Each is good until the next but one is asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extension = scope.get("extensions", {}).get(_EXTENSION)
        size = _announced(scope) if extension else 0
        if size >= _LARGE:
            receive = _Body(extension["server"], scope, receive, size).receive
        await self._app(scope, receive, send)


class _Body:
    """The first piece comes on uvicorn's way, with all that a request may begin with."""

    def __init__(self, server: Protocol, scope: Scope, receive: Receive, size: int) -> None:
        self._server = server
        self._scope = scope
        self._receive = receive
        self._left = size  # bytes
        self._rest: _Rest | None = None

    async def receive(self) -> Message:
        if self._rest is not None and not self._rest.is_over:
            return await self._rest.receive()
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._rest is None and message.get("more_body") and self._left >= _LARGE and self._is_alone:
            self._rest = _Rest(self._server, self._left)
        return message

    @property
    def _is_alone(self) -> bool:
        """Whether what comes next on the connection is of this very request."""
        return cast("Scope", self._server.cycle.scope) is self._scope


class _Rest(asyncio.BufferedProtocol):
    """Has the connection until the rest of a body is there.

    Three buffers: one fills while the application has one and may still be busy with the one before.
    """

    def __init__(self, server: Protocol, left: int) -> None:
        self._server = server
        self._cycle: RequestResponseCycle = server.cycle
        self._left = left  # bytes that have not come yet
        self._filling, *self._others = (bytearray(min(_PIECE, left)) for _ in range(3))
        self._filled = 0  # bytes
        self._is_full = asyncio.Event()
        server.transport.set_protocol(self)

    @property
    def is_over(self) -> bool:
        """Whether uvicorn has the connection again."""
        return self._left == self._filled == 0

    async def receive(self) -> Message:
        if not self._cycle.disconnected:
            self._server.flow.resume_reading()
        await self._wait()
        while not self._filled and not self._cycle.disconnected:
            await self._wait()
        if not self._filled:
            return {"type": "http.disconnect"}
        piece = memoryview(self._filling)[: self._filled]
        self._others.append(self._filling)
        self._filling, self._filled = self._others.pop(0), 0
        self._is_full.clear()
        if not self._left:
            self._hand_back()
        return {"type": "http.request", "body": piece, "more_body": self._left > 0}

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_MOMENT):
                await self._is_full.wait()
        except TimeoutError:
            pass

    def _hand_back(self) -> None:
        if not self._cycle.disconnected:
            self._server.begin_anew()
            self._server.transport.set_protocol(self._server)
            self._server.flow.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the kernel has more than it hints at
        if self._cycle.response_complete:  # nobody asks for the body any more
            self._filled = 0
        return memoryview(self._filling)[self._filled :][: self._left]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        self._left -= nbytes
        if self._cycle.response_complete:
            if not self._left:
                self._filled = 0
                self._hand_back()
        elif not self._left or self._filled == len(self._filling):
            self._server.flow.pause_reading()
            self._is_full.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connection_lost(exc)
        self._is_full.set()

    def pause_writing(self) -> None:
        self._server.pause_writing()

    def resume_writing(self) -> None:
        self._server.resume_writing()


def _announced(scope: Scope) -> int:
    """Bytes of the body; 0 where it tells its length by ending. What is no number the parser has refused."""
    headers = dict(scope["headers"])
    return 0 if b"transfer-encoding" in headers else int(headers.get(b"content-length", 0))

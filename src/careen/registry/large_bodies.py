"""Large bodies are gathered in buffers that are used again and again, and handed on a megabyte at a time.

On uvicorn's own way the bytes of a body are handed on in small pieces, each copied four times and waited for
by itself: that took more CPU than to hash them. A body whose length is known comes from the socket straight
into a buffer; one in chunks goes through the parser first.
"""

import asyncio
from typing import cast

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_EXTENSION = "careen.connection"  # of ASGI: who serves the connection
_PIECE = 1 << 20  # bytes
_READ = 512 << 10  # bytes that go through the parser at once
_BUFFERS = 3
_LARGE = 1 << 20  # bytes
_MOMENT = 0.5  # seconds after which a piece is handed on that is not full yet


class Protocol(HttpToolsProtocol):
    """uvicorn's, whose bodies may go elsewhere, by `LargeBodies`."""

    parsed: "_Parsed | None" = None  # takes the body of the request that is under way

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"server": self}}
        self.parsed = None

    def on_body(self, body: bytes) -> None:
        if self.parsed is None or self.cycle.response_complete:
            super().on_body(body)
        else:
            self.parsed.put(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.parsed is not None:
            self.transport.set_protocol(self)
            self.parsed.wake()

    def begin_anew(self) -> None:
        """The body that is under way has been read: the next byte is of the next request."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own begins
        self.cycle.more_body = False


class LargeBodies:
    """`app`, to which large bodies come in large pieces, where the server is a `Protocol`.

    These are memoryviews. Each is good until the next but one is asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extension = scope.get("extensions", {}).get(_EXTENSION)
        if extension is not None:
            size = _announced(scope)
            if size is None or size >= _LARGE:
                receive = _Body(extension["server"], scope, receive, size).receive
        await self._app(scope, receive, send)


class _Body:
    """The first piece comes on uvicorn's way, with all that a request may begin with."""

    def __init__(self, server: Protocol, scope: Scope, receive: Receive, size: int | None) -> None:
        self._server = server
        self._scope = scope
        self._receive = receive
        self._left = size  # bytes; None: they come in chunks
        self._rest: _Parsed | _Straight | None = None

    async def receive(self) -> Message:
        if self._rest is not None and not self._rest.is_over:
            return await self._rest.receive()
        message = await self._receive()
        if self._left is not None:
            self._left -= len(message.get("body", b""))
        if self._rest is None and message.get("more_body") and self._is_alone:
            self._rest = self._begin()
        return message

    def _begin(self) -> "_Parsed | _Straight | None":
        if self._left is None:
            return _Parsed(self._server)
        return _Straight(self._server, self._left) if self._left >= _LARGE else None

    @property
    def _is_alone(self) -> bool:
        """Whether what comes next on the connection is of this very request."""
        return cast("Scope", self._server.cycle.scope) is self._scope


class _Pieces(asyncio.BufferedProtocol):
    """Has the connection until the rest of a body is there.

    One buffer fills while the application has one and may still be busy with the one before.
    """

    def __init__(self, server: Protocol, size: int) -> None:
        self._server = server
        self._cycle: RequestResponseCycle = server.cycle
        self._filling = bytearray(size)
        self._filled = 0  # bytes
        self._handed_on: list[bytearray] = []
        self._is_ready = asyncio.Event()
        self.is_over = False  # all pieces were handed on
        server.transport.set_protocol(self)

    @property
    def _is_whole(self) -> bool:
        """Whether no more bytes will come."""
        raise NotImplementedError

    def wake(self) -> None:
        """There is a reason not to wait any longer."""
        self._is_ready.set()

    async def receive(self) -> Message:
        if not (self._is_whole or self._cycle.disconnected):
            self._server.flow.resume_reading()
            await self._wait()
        while not (self._filled or self._is_whole or self._cycle.disconnected):
            await self._wait()
        if not (self._filled or self._is_whole):
            return {"type": "http.disconnect"}
        piece = memoryview(self._filling)[: self._filled]
        self._turn()
        self.is_over = self._is_whole
        return {"type": "http.request", "body": piece, "more_body": not self._is_whole}

    def _turn(self) -> None:
        """On to the next buffer."""
        self._handed_on.append(self._filling)
        is_there = len(self._handed_on) == _BUFFERS
        self._filling = self._handed_on.pop(0) if is_there else bytearray(len(self._filling))
        self._filled = 0
        self._is_ready.clear()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_MOMENT):
                await self._is_ready.wait()
        except TimeoutError:
            pass

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connection_lost(exc)
        self.wake()

    def pause_writing(self) -> None:
        self._server.pause_writing()

    def resume_writing(self) -> None:
        self._server.resume_writing()

    def _came(self, size: int) -> None:
        self._filled += size
        if self._filled >= _PIECE or self._is_whole:
            self._server.flow.pause_reading()
            self.wake()


class _Parsed(_Pieces):
    """Large reads go through the parser, which gives the body back."""

    def __init__(self, server: Protocol) -> None:
        super().__init__(server, _PIECE + _READ)
        self._read = memoryview(bytearray(_READ))
        server.parsed = self

    @property
    def _is_whole(self) -> bool:
        return not self._cycle.more_body

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the kernel has more than it hints at
        return self._read

    def buffer_updated(self, nbytes: int) -> None:
        self._server.data_received(cast("bytes", self._read[:nbytes]))

    def put(self, body: bytes) -> None:
        self._filling[self._filled : self._filled + len(body)] = body
        self._came(len(body))


class _Straight(_Pieces):
    """What is read needs no parser."""

    def __init__(self, server: Protocol, left: int) -> None:
        super().__init__(server, _PIECE)
        self._left = left  # bytes that have not come yet

    @property
    def _is_whole(self) -> bool:
        return self._left == 0

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the kernel has more than it hints at
        if self._cycle.response_complete:  # nobody asks for the body any more
            self._filled = 0
        return memoryview(self._filling)[self._filled :][: self._left]

    def buffer_updated(self, nbytes: int) -> None:
        self._left -= nbytes
        if not self._cycle.response_complete:
            self._came(nbytes)
        if not self._left:
            self._server.begin_anew()
            self._server.transport.set_protocol(self._server)
            self._server.flow.resume_reading()


def _announced(scope: Scope) -> int | None:
    """Bytes of the body; None: it comes in chunks. What is no number the parser has refused."""
    headers = dict(scope["headers"])
    return None if b"transfer-encoding" in headers else int(headers.get(b"content-length", 0))

"""Lets a refused client finish its sentence, so that it hears the answer (RFC 9112, 9.6).

A server that answers and closes while bytes are still coming in resets the connection, and a client in the
middle of a push sees "connection reset" instead of why.
"""

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LIMIT = 32 << 20  # bytes that are read and dropped
_PATIENCE = 10  # seconds
_FIRST_ERROR = 400


class Linger:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, asks_first=any(name == b"expect" for name, _ in scope["headers"]))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= _FIRST_ERROR:
                await body.drop()
            await send(message)

        await self._app(scope, body.receive, answer)


class _Body:
    """`asks_first`: the client sends nothing before it is told to (Expect: 100-continue)."""

    def __init__(self, receive: Receive, *, asks_first: bool) -> None:
        self._receive = receive
        self._is_coming = not asks_first

    async def receive(self) -> Message:
        message = await self._receive()
        self._is_coming = bool(message.get("more_body", False))
        return message

    async def drop(self) -> None:
        dropped = 0
        with anyio.move_on_after(_PATIENCE):
            while self._is_coming and dropped < _LIMIT:
                dropped += len((await self.receive()).get("body", b""))

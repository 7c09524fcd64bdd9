"""The bodies of requests, read with a limit and never held as a whole where they may be large."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Self

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from careen.registry.errors import Encoded, SizeInvalid, Stalled, TooLarge

_PATIENCE = 120.0  # seconds
_BATCH = 1 << 20  # bytes that go to a thread at once
_LARGE = _BATCH // 2


def check_encoding(request: Request) -> None:
    """Raises Encoded: a digest is of the bytes as they are sent, and nobody else inflates them."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Encoded(f"the body is encoded ({encoding[:50]!r}); send it as it is")


def announced(request: Request) -> int | None:
    """Content-Length; None for a body that tells its length by ending. Raises SizeInvalid."""
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004 - fits into 64 bits
        raise SizeInvalid("Content-Length is no length")
    return int(text)


async def pour(
    request: Request, write: Callable[[memoryview], None], limit: int, *, patience: float = _PATIENCE
) -> int:
    """Give the body to `write`, batch by batch in a thread; returns how many bytes there were.

    Raises TooLarge before more than `limit` bytes are written, ClientDisconnect when the body breaks off and
    Stalled when nothing comes for `patience` seconds; what came before that is written.
    """
    check_encoding(request)
    received = 0
    async with _Behind(write) as behind:
        async for piece in _impatiently(request.stream(), patience):
            received += len(piece)
            if received > limit:
                raise TooLarge(f"the body has more than the {limit} bytes that it may have")
            await behind.put(piece)
    return received


async def _impatiently(pieces: AsyncIterator[bytes], patience: float) -> AsyncIterator[bytes]:
    """A client whose machine is gone says nothing; whoever goes on with the upload must not wait for it."""
    while True:
        try:
            async with asyncio.timeout(patience):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise Stalled(f"nothing came for {patience:g} seconds") from None
        if piece is None:
            return
        yield piece


class _Behind:
    """Writes one batch in a thread while the next is gathered, in two buffers that are used again and again.

    So hashing and the network have a core each, and the kernel need not find new pages for every batch.
    A large piece is a batch as it is.
    """

    def __init__(self, write: Callable[[memoryview], None]) -> None:
        self._write = write
        self._gathered, self._spare = bytearray(), bytearray()
        self._size = 0  # bytes gathered
        self._writing: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):  # who closes the file must come after who writes to it
            await self._hand_over()
            await self._settle()

    async def put(self, piece: bytes | memoryview) -> None:
        """A piece of `_LARGE` bytes or more must stay as it is until the next call returns."""
        if len(piece) >= _LARGE:
            await self._hand_over()
            await self._begin(memoryview(piece))
        else:
            await self._gather(memoryview(piece))

    async def _gather(self, rest: memoryview) -> None:
        while rest:
            if not self._gathered:
                self._gathered = bytearray(_BATCH)
            fits = rest[: _BATCH - self._size]
            self._gathered[self._size : self._size + len(fits)] = fits
            self._size += len(fits)
            rest = rest[len(fits) :]
            if self._size == _BATCH:
                await self._hand_over()

    async def _hand_over(self) -> None:
        if self._size:
            batch = memoryview(self._gathered)[: self._size]
            await self._begin(batch)
            self._gathered, self._spare, self._size = self._spare, self._gathered, 0

    async def _begin(self, batch: memoryview) -> None:
        await self._settle()
        self._writing = asyncio.ensure_future(run_in_threadpool(self._write, batch))

    async def _settle(self) -> None:
        """After a batch that could not be written nothing more is: this raises the same again."""
        if self._writing is not None:
            await asyncio.shield(self._writing)


async def read(request: Request, limit: int) -> bytes:
    """The whole body; raises TooLarge."""
    check_encoding(request)
    if (announced(request) or 0) > limit:
        raise TooLarge(f"the body has more than the {limit} bytes that it may have")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(f"the body has more than the {limit} bytes that it may have")
    return bytes(body)

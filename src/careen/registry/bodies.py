"""The bodies of requests, read with a limit and never held as a whole where they may be large."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from careen.registry.errors import Encoded, SizeInvalid, TooLarge

_BATCH = 1 << 20  # bytes gathered per hop to a thread


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


async def pour(request: Request, write: Callable[[memoryview], None], limit: int) -> int:
    """Give the body to `write`, batch by batch in a thread; returns how many bytes there were.

    Raises TooLarge before more than `limit` bytes are written, ClientDisconnect when the body breaks off;
    what came before that is written.
    """
    check_encoding(request)
    received = 0
    batch = bytearray()
    try:
        async for piece in request.stream():
            received += len(piece)
            if received > limit:
                raise TooLarge(f"the body has more than the {limit} bytes that it may have")
            batch += piece
            if len(batch) >= _BATCH:
                full, batch = batch, bytearray()
                await run_in_threadpool(write, memoryview(full))
    finally:
        await run_in_threadpool(write, memoryview(batch))
    return received


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

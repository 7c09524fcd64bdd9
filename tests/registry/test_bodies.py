"""The bodies of requests on their way to a disk."""

import asyncio
import random
import time
from collections.abc import Callable

import pytest
from starlette.requests import ClientDisconnect, Request

from careen.errors import Exhausted
from careen.registry import bodies
from careen.registry.errors import Encoded, Stalled, TooLarge

DATA = random.Random(5).randbytes(5_000_000)


def request_of(*pieces: bytes, ends: bool = True, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Request:
    """`ends`: whether the client is there until the end."""
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages.append({"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"})

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return messages.pop(0)

    return Request({"type": "http", "method": "PUT", "path": "/", "headers": list(headers)}, receive)


def pieces(size: int) -> list[bytes]:
    return [DATA[start : start + size] for start in range(0, len(DATA), size)]


def poured(
    request: Request, limit: int = len(DATA), write: Callable[[memoryview], None] | None = None
) -> bytes:
    written = bytearray()

    def keep(batch: memoryview) -> None:
        written.extend(batch)

    try:
        assert asyncio.run(bodies.pour(request, write or keep, limit)) == len(written)
    except (TooLarge, ClientDisconnect) as error:
        error.add_note(str(len(written)))
        raise
    return bytes(written)


@pytest.mark.parametrize("size", [1000, 65_536, 1 << 20, (1 << 20) + 1, len(DATA)])
def test_a_body_is_written_in_order_whatever_its_pieces(size: int) -> None:
    assert poured(request_of(*pieces(size))) == DATA


def test_an_empty_body_is_nothing() -> None:
    assert poured(request_of()) == b""
    assert poured(request_of(b"", b"")) == b""


def test_what_came_before_the_client_went_is_written() -> None:
    with pytest.raises(ClientDisconnect) as caught:
        poured(request_of(*pieces(70_000)[:40], ends=False))
    assert caught.value.__notes__ == ["2800000"]


def test_nobody_waits_for_a_client_that_says_nothing() -> None:
    request = request_of(DATA)

    async def silence() -> dict[str, object]:
        if not written:
            return {"type": "http.request", "body": DATA, "more_body": True}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    written = bytearray()
    stalled = Request(request.scope, silence)
    with pytest.raises(Stalled, match=r"0\.1 seconds"):
        asyncio.run(bodies.pour(stalled, written.extend, 1 << 40, patience=0.1))
    assert len(written) % len(DATA) == 0
    assert written.startswith(DATA)


def test_not_more_than_the_limit_is_written() -> None:
    with pytest.raises(TooLarge) as caught:
        poured(request_of(*pieces(70_000)), limit=2_850_000)
    assert caught.value.__notes__ == ["2800000"]


@pytest.mark.parametrize("full_after", [0, 2_000_000, len(DATA) - 1])
def test_a_full_disk_is_said(full_after: int) -> None:
    written = 0

    def write(batch: memoryview) -> None:
        nonlocal written
        written += len(batch)
        if written > full_after:
            raise Exhausted("there is no space left")

    with pytest.raises(Exhausted, match="no space"):
        asyncio.run(bodies.pour(request_of(*pieces(70_000)), write, len(DATA)))


def test_nothing_is_written_after_a_batch_that_was_not() -> None:
    """Or whoever goes on with the upload would go on after a gap."""
    written = bytearray()
    is_full = False

    def write(batch: memoryview) -> None:
        nonlocal is_full
        if len(written) >= 2_000_000 and not is_full:
            is_full = True
            raise Exhausted("there is no space left, for a moment")
        written.extend(batch)

    with pytest.raises(Exhausted):
        asyncio.run(bodies.pour(request_of(*pieces(70_000)), write, len(DATA)))
    assert DATA.startswith(written)


def test_who_closes_the_file_waits_for_who_writes_to_it() -> None:
    """Also when the server ends in the middle of a push."""
    is_writing = False

    def write(_: memoryview) -> None:
        nonlocal is_writing
        is_writing = True
        time.sleep(0.3)
        is_writing = False

    async def push() -> None:
        task = asyncio.create_task(bodies.pour(request_of(*[DATA] * 50), write, 1 << 40))
        await asyncio.sleep(0.15)
        assert is_writing
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_writing

    asyncio.run(push())


@pytest.mark.parametrize("encoding", [b"gzip", b"Deflate", b"identity, gzip", b"x" * 1000])
def test_an_encoded_body_is_refused(encoding: bytes) -> None:
    request = request_of(DATA, headers=((b"content-encoding", encoding),))
    with pytest.raises(Encoded):
        poured(request)
    assert poured(request_of(DATA, headers=((b"content-encoding", b"identity"),))) == DATA

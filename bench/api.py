"""The rate of unary reads through both doors, of a server and of clients in processes of their own."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen, run

import grpc
import httpx
from bench.image import say

from careen import example

_HTTP = 18980  # and the two ports after it
_CONNECTIONS = 16
_SECONDS = 8.0
_GET = "/yandex.cloud.containerregistry.v1.RegistryService/Get"


@contextmanager
def _server(folder: Path) -> Iterator["Popen[bytes]"]:
    settings = {
        "CAREEN_DATA": str(folder),
        "CAREEN_HTTP": f"127.0.0.1:{_HTTP}",
        "CAREEN_GRPC": f"127.0.0.1:{_HTTP + 1}",
        "CAREEN_GRPC_PLAINTEXT": f"127.0.0.1:{_HTTP + 2}",
        "CAREEN_FEEDS_MIRROR": str(example.MIRROR),
    }
    command = [sys.executable, "-m", "careen", "serve"]
    with Popen(command, env={**os.environ, **settings}, stdout=DEVNULL, stderr=DEVNULL) as server:
        try:
            _await_ready()
            yield server
        finally:
            server.terminate()


def _await_ready() -> None:
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{_HTTP}/readyz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("careen did not start")


def _cpu(server: "Popen[bytes]") -> float:
    """Seconds that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare() -> None:
    """Print the rates; the machine must have nothing else to do."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        time.sleep(5)  # the first snapshot is being built
        for door in ("grpc", "rest"):
            before = _cpu(server)
            done = run([sys.executable, "-m", "bench.api", door], capture_output=True, text=True, check=True)
            rate, half, most = done.stdout.split()
            used = (_cpu(server) - before) / (float(rate) * _SECONDS) * 1000
            said = f"{float(rate):,.0f}/s, median {half} ms, p99 {most} ms"
            say(f"  {door} reads, {_CONNECTIONS} at a time: {said}; {used:.2f} ms of the server's CPU each")


async def _measure(once: Callable[[], Awaitable[Callable[[], Awaitable[object]]]]) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + _SECONDS

    async def client() -> None:
        read = await once()
        while (began := time.perf_counter()) < end:
            await read()
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(_CONNECTIONS)))
    return sorted(times)


def _registry_id() -> str:
    url = f"http://127.0.0.1:{_HTTP}/container-registry/v1/registries?folderId=default"
    found: str = httpx.get(url, trust_env=False).json()["registries"][0]["id"]
    return found


async def _by_rest(registry_id: str) -> list[float]:
    path = f"/container-registry/v1/registries/{registry_id}"
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def connected() -> Callable[[], Awaitable[object]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", _HTTP)

        async def read() -> object:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            return await reader.readexactly(size)

        return read

    return await _measure(connected)


async def _by_grpc(registry_id: str) -> list[float]:
    request = b"\x0a" + bytes([len(registry_id)]) + registry_id.encode()  # GetRegistryRequest
    async with grpc.aio.insecure_channel(f"127.0.0.1:{_HTTP + 2}") as channel:
        get = channel.unary_unary(_GET)

        async def connected() -> Callable[[], Awaitable[object]]:
            return lambda: get(request)

        return await _measure(connected)


def _load(door: str) -> None:
    measure = _by_grpc if door == "grpc" else _by_rest
    times = asyncio.run(measure(_registry_id()))
    half, most = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    print(f"{len(times) / _SECONDS:.0f} {half:.1f} {most:.1f}")


if __name__ == "__main__":
    _load(sys.argv[1])

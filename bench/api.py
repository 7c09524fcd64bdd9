"""The rate of unary reads through all doors, of a server and of clients in processes of their own."""

import asyncio
import json
import os
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, run
from typing import NamedTuple

import grpc
import httpx
import uvloop
from bench import api_world
from bench.api_world import World
from bench.image import say
from bench.registry import cpu

from careen import example
from careen.api.methods import METHODS

_HTTP = 18980  # and the two ports after it
_CONNECTIONS = 16
_SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
_SERVICES = "yandex.cloud.containerregistry.v1"
_API = "/container-registry/v1"

Once = Callable[[], Awaitable[object]]


class Read(NamedTuple):
    """What is asked for again and again; `request` is a message, or what is sent on the wire."""

    name: str
    method: str  # the path of a gRPC method; "" = by HTTP
    request: bytes
    authorization: str = ""


def _by_grpc(name: str, method: str, token: str, **fields: object) -> Read:
    found = METHODS[f"{_SERVICES}.{method}"]
    request = found.request(**fields).SerializeToString()
    return Read(f"{name}, gRPC", found.grpc_path, request, f"Bearer {token}" if token else "")


def _by_http(name: str, path: str, authorization: str = "", body: bytes = b"", verb: str = "GET") -> Read:
    headers = f"Host: localhost\r\nAuthorization: {authorization}" if authorization else "Host: localhost"
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return Read(name, "", f"{verb} {path} HTTP/1.1\r\n{headers}\r\n{length}\r\n".encode() + body)


def _reads(world: World, *, with_accounts: bool) -> Iterator[Read]:
    token = world.iam_token if with_accounts else ""
    bearer = f"Bearer {token}" if token else ""
    registry, found = {"registry_id": world.registry_id}, {"scan_result_id": world.scan_id}
    yield _by_grpc("Get", "RegistryService.Get", token, **registry)
    yield _by_http("Get, REST", f"{_API}/registries/{world.registry_id}", bearer)
    yield _by_grpc("100 images", "ImageService.List", token, **registry, page_size=100)
    yield _by_http("100 images, REST", f"{_API}/images?pageSize=100&registryId={world.registry_id}", bearer)
    for size in (100, 1000):
        name = f"{size:,} vulnerabilities"
        yield _by_grpc(name, "ScannerService.ListVulnerabilities", token, **found, page_size=size)
        path = f"{_API}/scans/{world.scan_id}:listVulnerabilities?pageSize={size}"
        yield _by_http(f"{name}, REST", path, bearer)
    manifest = f"/v2/{world.repository}/manifests/v1"
    yield _by_http("GET of a manifest", manifest, f"Bearer {world.registry_token}" if token else "")
    if with_accounts:
        yield from _logins(world)


def _logins(world: World) -> Iterator[Read]:
    scope = f"/v2/token?service=localhost&scope=repository:{world.repository}:pull"
    for user, password in (("iam", world.iam_token), ("json_key", world.key_file)):
        basic = b64encode(f"{user}:{password}".encode()).decode()
        yield _by_http(f"registry token, {user}", scope, f"Basic {basic}")
    body = json.dumps({"yandexPassportOauthToken": world.oauth_token}).encode()
    yield _by_http("IAM token", "/iam/v1/tokens", body=body, verb="POST")


@contextmanager
def _server(folder: Path, auth: str) -> Iterator["Popen[bytes]"]:
    settings = {
        "CAREEN_DATA": str(folder),
        "CAREEN_HTTP": f"127.0.0.1:{_HTTP}",
        "CAREEN_GRPC": f"127.0.0.1:{_HTTP + 1}",
        "CAREEN_GRPC_PLAINTEXT": f"127.0.0.1:{_HTTP + 2}",
        "CAREEN_FEEDS_MIRROR": str(example.MIRROR),
        "CAREEN_AUTH": auth,
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


def compare() -> None:
    """Print the rates; the machine must have nothing else to do."""
    for auth in ("off", "on"):
        with tempfile.TemporaryDirectory() as folder:
            world = api_world.made(Path(folder))
            with _server(Path(folder), auth) as server:
                time.sleep(5)  # the first snapshot is being built
                say(f"  accounts {auth}, {_CONNECTIONS} at a time")
                for read in _reads(world, with_accounts=auth == "on"):
                    _tell(server, read)


def _tell(server: "Popen[bytes]", read: Read) -> None:
    sent = json.dumps(read._replace(request=read.request.hex()))
    before = cpu(server.pid)
    command = [sys.executable, "-m", "bench.api"]
    done = run(command, input=sent, stdout=PIPE, text=True, check=True)
    count, half, most = map(float, done.stdout.split())
    used = (cpu(server.pid) - before) / count * 1000
    said = f"{count / _SECONDS:7,.0f}/s   median {half:5.1f}   p99 {most:5.1f} ms"
    say(f"    {read.name:30} {said}   {used:6.2f} ms of the server's CPU each")


async def _measured(connected: Callable[[], Awaitable[Once]]) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + _SECONDS

    async def client() -> None:
        once = await connected()
        while (began := time.perf_counter()) < end:
            await once()
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(_CONNECTIONS)))
    return sorted(times)


async def _http_times(request: bytes) -> list[float]:
    async def connected() -> Once:
        reader, writer = await asyncio.open_connection("127.0.0.1", _HTTP)

        async def once() -> object:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200 "), head
            size = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
            return await reader.readexactly(size)

        return once

    return await _measured(connected)


async def _grpc_times(method: str, request: bytes, authorization: str) -> list[float]:
    metadata = (("authorization", authorization),) if authorization else None
    async with grpc.aio.insecure_channel(f"127.0.0.1:{_HTTP + 2}") as channel:
        ask = channel.unary_unary(method)

        async def connected() -> Once:
            return lambda: ask(request, metadata=metadata)

        return await _measured(connected)


def _load(_: str, method: str, request: str, authorization: str) -> None:
    sent = bytes.fromhex(request)
    asked = _grpc_times(method, sent, authorization) if method else _http_times(sent)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        times = runner.run(asked)
    half, most = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    print(f"{len(times)} {half:.1f} {most:.1f}")


if __name__ == "__main__":
    _load(*json.load(sys.stdin))

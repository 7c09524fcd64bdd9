"""A large layer pushed and pulled: careen, Debian's docker-registry beside it, and the least it can cost.

The floor is sha256 + write + fsync of the same bytes in one process. The client is one for both servers and
as cheap as it can be (sendfile, large reads that are thrown away): what is measured is the servers.
"""

import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.image import say

ROUNDS = 5  # of which the best counts
PIECE = 1 << 20  # bytes
START = 30  # seconds in which a server begins to listen
PEER = "docker-registry"
DONE = ("push", "pull", "push in chunks")
CHUNK = 32 << 10  # bytes, as Go's clients send


class Server(NamedTuple):
    name: str
    port: int
    repository: str
    pid: int


def compare(folder: Path, size: int) -> None:
    """In one run, interleaved: whatever else the machine does hits all alike."""
    folder.mkdir(parents=True, exist_ok=True)
    layer = _layer(folder / "layer", size)
    digest = f"sha256:{_sha256(layer)}"
    say(f"a layer of {size / 2**30:.2f} GiB that cannot be deflated; best of {ROUNDS}, wall seconds")
    with careen(folder / "careen") as own, peer(folder / "peer") as other:
        servers = [own, *([other] if other else [])]
        floor, measured = Cost(), {each: {name: Cost() for name in DONE} for each in servers}
        for _ in range(ROUNDS):
            floor.measure(os.getpid(), lambda: _floor(layer, folder / "floor"))
            for server in servers:
                _round(server, layer, digest, measured[server])
        say(f"  sha256 + write + fsync: {floor.wall:.2f} s, {floor.cpu:.1f} s CPU")
        for server in servers:
            say(f"  {server.name}, {_peak(server.pid) >> 20} MiB at most")
            for name, cost in measured[server].items():
                ratios = (
                    f"{cost.wall / floor.wall:.2f} x, {cost.cpu:.1f} s CPU = {cost.cpu / floor.cpu:.2f} x"
                )
                say(f"    {name:14}  {cost.wall:5.2f} s = {ratios}")


class Cost:
    """Of one thing, at best."""

    def __init__(self) -> None:
        self.wall = self.cpu = float("inf")  # seconds

    def measure(self, pid: int, work: Callable[[], None]) -> None:
        """`pid`: of the process whose CPU counts."""
        before = cpu(pid)
        self.wall = min(self.wall, _timed(work))
        self.cpu = min(self.cpu, cpu(pid) - before)


def _round(server: Server, layer: Path, digest: str, costs: dict[str, Cost]) -> None:
    costs["push"].measure(server.pid, lambda: push(server, layer, digest))
    costs["pull"].measure(server.pid, lambda: _pull(server, digest, layer.stat().st_size))
    _delete(server, digest)
    costs["push in chunks"].measure(server.pid, lambda: push_in_chunks(server, layer, digest))
    _delete(server, digest)


def _layer(path: Path, size: int) -> Path:
    if not path.exists() or path.stat().st_size != size:
        with path.open("wb") as file:
            for _ in range(size // PIECE):
                file.write(os.urandom(PIECE))
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _timed(work: Callable[[], None]) -> float:
    os.sync()  # what others have left to be written is not of this
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _floor(layer: Path, target: Path) -> None:
    """The file of the round before goes at the end, as with the servers.

    Memory that was freed a moment ago costs a virtual machine much less than what its host has taken back.
    """
    new, state, piece = target.with_suffix(".new"), hashlib.sha256(), bytearray(PIECE)
    with layer.open("rb", buffering=0) as source, new.open("wb", buffering=0) as file:
        while read := source.readinto(piece):
            view = memoryview(piece)[:read]
            state.update(view)
            file.write(view)
        os.fsync(file.fileno())
    new.replace(target)


def push(server: Server, layer: Path, digest: str) -> None:
    with _put(server, digest, "Content-Length", str(layer.stat().st_size)) as line, layer.open("rb") as file:
        line.sendfile(file)


def push_in_chunks(server: Server, layer: Path, digest: str) -> None:
    """As docker pushes what it compresses meanwhile."""
    head = b"%x\r\n" % CHUNK
    pieces = bytearray(PIECE)
    with _put(server, digest, "Transfer-Encoding", "chunked") as line, layer.open("rb", buffering=0) as file:
        while (read := file.readinto(pieces)) == PIECE:
            view = memoryview(pieces)
            parts = [(head, view[at : at + CHUNK], b"\r\n") for at in range(0, PIECE, CHUNK)]
            _send(line, [part for chunk in parts for part in chunk])
        assert read == 0, "the layer is so many pieces"
        line.sendall(b"0\r\n\r\n")


def _send(line: socket.socket, parts: list[bytes | memoryview]) -> None:
    """Without a copy, as long as the kernel takes all of it."""
    sent = line.sendmsg(parts)
    if sent < sum(map(len, parts)):
        line.sendall(b"".join(parts)[sent:])


@contextmanager
def _put(server: Server, digest: str, header: str, value: str) -> Iterator[socket.socket]:
    """An upload, whose body is to be sent."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("POST", f"/v2/{server.repository}/blobs/uploads/", headers={"Content-Length": "0"})
    answer = connection.getresponse()
    answer.read()
    place = urlsplit(answer.headers["Location"])
    path = f"{place.path}?{place.query}&digest={digest}".replace("?&", "?")
    connection.putrequest("PUT", path)
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader(header, value)
    connection.endheaders()
    yield connection.sock
    answer = connection.getresponse()
    assert answer.status == http.client.CREATED, answer.read()
    connection.close()


def _pull(server: Server, digest: str, size: int) -> None:
    buffer = bytearray(PIECE)
    with socket.create_connection(("127.0.0.1", server.port), timeout=300) as connection:
        path = f"/v2/{server.repository}/blobs/{digest}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = 0
        while read := connection.recv_into(buffer):
            received += read
    assert size <= received < size + 4096, received


def _delete(server: Server, digest: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("DELETE", f"/v2/{server.repository}/blobs/{digest}")
    answer = connection.getresponse()
    assert answer.status == http.client.ACCEPTED, answer.read()
    connection.close()


@contextmanager
def careen(data: Path, **settings: str) -> Iterator[Server]:
    shutil.rmtree(data, ignore_errors=True)
    port = _free_port()
    environment = {
        **os.environ,
        "CAREEN_DATA": str(data),
        "CAREEN_HTTP": f"127.0.0.1:{port}",
        "CAREEN_GRPC": f"127.0.0.1:{_free_port()}",
        "CAREEN_GRPC_PLAINTEXT": "",
        "CAREEN_FEEDS_MIRROR": str(data / "no-mirror"),
        **settings,
    }
    with _running([sys.executable, "-m", "careen", "serve"], port, environment) as pid:
        url = f"http://127.0.0.1:{port}/container-registry/v1/registries?folderId=default"
        registry = json.loads(get(url))["registries"][0]["id"]
        yield Server("careen", port, f"{registry}/bench", pid)


@contextmanager
def peer(data: Path) -> Iterator[Server | None]:
    if shutil.which(PEER) is None:
        say(f"SKIPPED: {PEER} is not installed: apt-get install {PEER}")
        yield None
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    port = _free_port()
    storage = {"filesystem": {"rootdirectory": str(data / "blobs")}, "delete": {"enabled": True}}
    config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}}, "storage": storage,
              "http": {"addr": f"127.0.0.1:{port}"}}  # fmt: skip
    (data / "config.yml").write_text(json.dumps(config))  # YAML takes JSON
    with _running([PEER, "serve", str(data / "config.yml")], port, dict(os.environ)) as pid:
        yield Server(PEER, port, "bench", pid)


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            _wait_for(port)
            yield process.pid
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def get(url: str) -> bytes:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    connection.request("GET", f"{place.path}?{place.query}")
    return connection.getresponse().read()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _peak(pid: int) -> int:
    """Bytes that the process had resident at most (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def cpu(pid: int) -> float:
    """Seconds that the process has used (proc(5): utime, stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""The registry door on a real server and loopback, with a database and a folder of its own for every test."""

import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from careen.audit.trail import Trail
from careen.auth.authentication import Authentication
from careen.model import ids
from careen.model.registry import Image, Registry
from careen.registry import large_bodies
from careen.registry.app import routes
from careen.registry.door import RegistryDoor
from careen.store import registries
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"
MAX_BLOB = 8 << 20


@dataclass
class Server:
    """A running registry with one registry in it, and what may be asked of it."""

    folder: Path
    port: int
    registry_id: str
    arrived: list[Image] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return f"{self.registry_id}/shop/web"


Serve = Callable[..., AbstractContextManager[Server]]


@contextmanager
def serving(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        app,
        http=large_bodies.Protocol,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.002)
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def run() -> Callable[[ASGIApp], AbstractContextManager[int]]:
    """Serves any application as the registry is served; gives the port."""

    @contextmanager
    def start(app: ASGIApp) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
            yield int(listener.getsockname()[1])

    return start


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Runs the registry on a database; fields of RegistryDoor may be given."""

    @contextmanager
    def start(database: Database, **fields: Any) -> Iterator[Server]:
        registry = Registry(ids.new(), "b1gfolder", "prod", datetime.now(UTC))
        with database.write() as connection:
            registries.add(connection, registry)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            made = Server(tmp_path / "blobs", listener.getsockname()[1], registry.id)
            given = {
                "images_arrived": made.arrived.append,
                "authentication": Authentication(database, enforced=False),
                "trail": Trail(None),
                "max_blob": MAX_BLOB,
                **fields,
            }
            door = RegistryDoor(database, LocalBlobs(made.folder), **given)
            with serving(Starlette(routes=routes(door)), listener):
                yield made

    return start


@pytest.fixture
def server(serve: Serve, sqlite_database: Database) -> Iterator[Server]:
    """On SQLite; tests of what the database decides run on both engines."""
    with serve(sqlite_database) as started:
        yield started


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    base = f"http://{server.address}/v2"
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def arrived(server: Server) -> list[Image]:
    """What the registry announced, in order."""
    return server.arrived


@pytest.fixture
def upload_files(server: Server) -> Callable[[], list[str]]:
    """The files of uploads under way."""
    return lambda: sorted(path.name for path in (server.folder / "uploads").iterdir())


@pytest.fixture
def blob_files(server: Server) -> Callable[[], set[str]]:
    """The digests of the blobs in the folder."""
    return lambda: {f"sha256:{path.name}" for path in (server.folder / "sha256").glob("*/*")}


@pytest.fixture
def connect(server: Server) -> Callable[[], socket.socket]:
    """A bare connection, for what no client library would send."""
    return lambda: socket.create_connection(("127.0.0.1", server.port), timeout=10)


@pytest.fixture
def address(server: Server) -> str:
    return server.address


@pytest.fixture
def name(server: Server) -> str:
    """Of a repository that nobody has pushed to yet."""
    return server.name


@pytest.fixture
def begin(http: httpx.Client, server: Server) -> Callable[[], str]:
    """The path of a new upload, as the client of this test wants it: without /v2."""

    def start() -> str:
        answer = http.post(f"/{server.name}/blobs/uploads/")
        assert answer.status_code == 202, answer.text
        return answer.headers["location"].removeprefix("/v2")

    return start


@pytest.fixture
def push_blob(http: httpx.Client, server: Server) -> Callable[..., str]:
    """Pushes bytes and returns their digest."""

    def push(data: bytes, name: str = server.name) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        answer = http.post(f"/{name}/blobs/uploads/", params={"digest": digest}, content=data)
        assert answer.status_code == 201, answer.text
        return digest

    return push


@pytest.fixture
def manifest_of(push_blob: Callable[..., str]) -> Callable[..., bytes]:
    """Pushes the blobs of an image and returns its manifest."""

    def make(*layers: bytes, **extra: object) -> bytes:
        def described(media_type: str, data: bytes) -> Mapping[str, object]:
            return {"mediaType": media_type, "digest": push_blob(data), "size": len(data)}

        config = json.dumps({"architecture": "amd64", "os": "linux", "layers": len(layers)}).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(CONFIG, config),
            "layers": [described(LAYER, layer) for layer in layers],
            **extra,
        }
        return json.dumps(manifest, indent=3).encode()

    return make


@pytest.fixture
def push_image(
    http: httpx.Client, server: Server, manifest_of: Callable[..., bytes]
) -> Callable[[str, bytes], str]:
    """Pushes an image of one layer under a tag and returns the manifest's digest."""

    def push(tag: str, layer: bytes) -> str:
        answer = http.put(
            f"/{server.name}/manifests/{tag}", content=manifest_of(layer), headers={"Content-Type": MANIFEST}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.headers["docker-content-digest"])

    return push


@pytest.fixture
def refused() -> Callable[..., Mapping[str, str]]:
    """Checks that an answer is the specification's error and returns its detail."""

    def check(answer: httpx.Response, status: int, code: str) -> Mapping[str, str]:
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer
        (error,) = answer.json()["errors"]
        assert error["code"] == code
        assert error["message"]
        detail: Mapping[str, str] = error["detail"]
        return detail

    return check


@pytest.fixture
def tool(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a client that people use; where it is not installed the test is skipped, in CI it fails."""
    credentials = tmp_path / "auth.json"
    credentials.write_text("{}")

    def run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
        program = str(command[0])
        if shutil.which(program) is None:
            reason = f"{program} is not installed: apt-get install {program}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "HOME": str(tmp_path), "REGISTRY_AUTH_FILE": str(credentials)},
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def write_layout(tmp_path: Path) -> Callable[..., Path]:
    """Writes an OCI layout: an image of one gzipped layer by platform, and an index over several."""

    def blob(folder: Path, media_type: str, data: bytes) -> dict[str, object]:
        hexdigest = hashlib.sha256(data).hexdigest()
        (folder / "blobs" / "sha256" / hexdigest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{hexdigest}", "size": len(data)}

    def image(folder: Path, platform: Sequence[str], layer: bytes) -> dict[str, object]:
        system, architecture = platform
        diff_id = hashlib.sha256(gzip.decompress(layer)).hexdigest()
        rootfs = {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]}
        config = {"architecture": architecture, "os": system, "rootfs": rootfs, "config": {}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(folder, CONFIG, json.dumps(config).encode()),
            "layers": [blob(folder, LAYER, layer)],
        }
        described = blob(folder, MANIFEST, json.dumps(manifest).encode())
        return {**described, "platform": {"os": system, "architecture": architecture}}

    def write(layers: Mapping[str, bytes], name: str = "layout") -> Path:
        folder = tmp_path / name
        (folder / "blobs" / "sha256").mkdir(parents=True)
        entries = [image(folder, platform.split("/"), layer) for platform, layer in layers.items()]
        top = entries[0]
        if len(entries) > 1:
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
            top = blob(folder, INDEX, json.dumps(index).encode())
        top["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return folder

    return write

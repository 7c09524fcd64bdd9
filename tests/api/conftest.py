"""A whole API on loopback, behind both doors: real servers, a real database, a small executor."""

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import uvicorn
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from starlette.applications import Starlette

from careen.api import grpc as grpc_door
from careen.api import rest, tls
from careen.api.dispatch import Api
from careen.api.methods import METHODS
from careen.audit import trail as audit_trail
from careen.auth import accounts, iam_tokens
from careen.auth.authentication import Authentication
from careen.auth.limits import Failures
from careen.jobs.scans import Scans
from careen.model import digest, ids
from careen.model.access import CLOUD, AccessBinding, Account, Resource, SubjectType
from careen.model.distro import Distro
from careen.model.finding import Finding, Verdict
from careen.model.manifest import Descriptor, Manifest
from careen.model.package import Package
from careen.model.registry import Image, Operation, Registry, Repository, ScanStatus
from careen.model.severity import Severity
from careen.store import access_bindings, blobs, images, operations, registries, repositories, scans
from careen.store.database import Database
from careen.store.idempotency import Attempt

SCAN = "yandex.cloud.containerregistry.v1.ScannerService.Scan"
BORN = datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def finding(name: str, severity: Severity, package: str = "libssl3", fixed_by: str = "3.0.9-1") -> Finding:
    return Finding(
        id=name,
        aliases=(),
        severity=severity,
        package=Package(package, "3.0.8-1", "deb", "dpkg", "var/lib/dpkg/status", source="openssl"),
        fixed_by=fixed_by,
        origin="os",
        type="debian",
        link=f"https://security-tracker.debian.org/tracker/{name}",
    )


FINDINGS = (
    finding("CVE-2023-0001", Severity.CRITICAL),
    finding("CVE-2023-0002", Severity.HIGH),
    finding("CVE-2023-0003", Severity.HIGH, "openssl"),
    finding("CVE-2023-0004", Severity.MEDIUM, fixed_by=""),
    finding("CVE-2023-0002", Severity.LOW, "openssl"),
)


def verdict(findings: Sequence[Finding] = FINDINGS) -> Verdict:
    packages = tuple({each.package: None for each in findings})
    snapshot = digest.of(b"snapshot")
    return Verdict(Distro("debian", "12", "bookworm"), packages, tuple(findings), (), snapshot)


@dataclass
class Executor:
    """Begins scans as careen's jobs do, but ends them with `verdict`, or with `error`, when `go` is set."""

    database: Database
    verdict: Verdict = field(default_factory=verdict)
    error: tuple[str, str] | None = None  # kind and message
    go: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # operations that were cancelled

    def start(self, image: Image, *, caller: str, attempt: Attempt | None = None) -> Operation:
        return Scans(self.database, self._submit, self.cancelled).start(image, caller=caller, attempt=attempt)

    def cancelled(self, operation_id: str) -> None:
        self.left.append(operation_id)

    def _submit(self, operation_id: str) -> None:
        self.threads.append(threading.Thread(target=self._end, args=(operation_id,)))
        self.threads[-1].start()

    def _end(self, operation_id: str) -> None:
        self.go.wait()
        kind, message = self.error or ("", "")
        with self.database.write() as connection:
            operation = operations.get(connection, operation_id)
            assert operation is not None
            scan_id = operation.metadata["scan_result_id"]
            if self.error:
                scans.fail(connection, scan_id, now())
            else:
                scans.finish(connection, scan_id, self.verdict, ScanStatus.READY, now())
            operations.finish(connection, operation.id, now=now(), error_kind=kind, error_message=message)

    def finish(self) -> None:
        self.go.set()
        for thread in self.threads:
            thread.join()


@dataclass
class World:
    """The servers' addresses, and what was put into the database before."""

    database: Database
    executor: Executor
    registry: Registry
    repository: Repository
    image: Image
    http: httpx.Client
    plaintext: grpc.Channel
    secure_address: str
    plaintext_address: str
    ca: Path
    authentication: Authentication
    audit: Path  # the file with what was done; its setting up is not in it

    def push(self, name: str, tag: str = "latest") -> Image:
        with self.database.write() as connection:
            repository = repositories.upsert(connection, self.registry.id, f"{self.registry.id}/{name}")
            return put_image(connection, repository, tag)

    def call(self, method: str, **request: Any) -> Message:
        """By gRPC; raises grpc.RpcError."""
        found = METHODS[method]
        return self.invoke(method, ParseDict(request, found.request()))

    def account(self, name: str, role: str = "", on: Resource = CLOUD) -> Account:
        """A new service account with that role."""
        with self.database.write() as connection:
            made = accounts.make(connection, name, SubjectType.SERVICE, now())
            if role:
                access_bindings.add(connection, on, AccessBinding(role, made.type, made.id))
        return made

    def token(self, account: Account) -> str:
        """What the header `authorization` must be for calls of that account."""
        with self.database.write() as connection:
            return f"Bearer {iam_tokens.issue(connection, account.id, now()).text}"

    def invoke(self, method: str, request: Message, authorization: str = "") -> Message:
        found = METHODS[method]
        answer = self.plaintext.unary_unary(
            found.grpc_path,
            request_serializer=found.request.SerializeToString,
            response_deserializer=found.response.FromString,
        )
        metadata = (("authorization", authorization),) if authorization else None
        response: Message = answer(request, timeout=30, metadata=metadata)
        return response

    def value(self, field: Any) -> str:
        """A text for the field of that name: of what is there, where it names a resource."""
        known = {
            "image_id": self.image.id,
            "repository_id": self.repository.id,
            "registry_id": self.registry.id,
            "repository_name": self.repository.name,
        }
        return known.get(field.name, "abc")

    def scanned(self) -> str:
        """The id of a scan that is READY."""
        operation = self.executor.start(self.image, caller="anonymous")
        self.executor.finish()
        return operation.metadata["scan_result_id"]


def put_image(connection: Any, repository: Repository, tag: str) -> Image:
    config = json.dumps({"for": [repository.name, tag]}).encode()
    contents = [config, b"a layer" * 100, b"another layer" * 100]
    described = []
    for content in contents:
        found = digest.of(content)
        blobs.add(connection, found, len(content))
        blobs.link(connection, repository.id, found)
        described.append(Descriptor("application/octet-stream", found, len(content)))
    body = json.dumps([each.digest for each in described]).encode()
    media_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = Manifest(media_type, digest.of(body), len(body), described[0], tuple(described[1:]))
    image = images.put(connection, repository, manifest, body)
    images.tag(connection, image, tag)
    return replace(image, tags=(tag,))


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, where the servers live."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def grpc_server(
    loop: asyncio.AbstractEventLoop, api: Api, material: tls.Material | None = None
) -> Iterator[str]:
    """The address of a started server."""
    starting = asyncio.run_coroutine_threadsafe(grpc_door.serve(api, "localhost:0", material=material), loop)
    server, port = starting.result(30)
    try:
        yield f"localhost:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(1), loop).result(30)


@contextmanager
def http_server(loop: asyncio.AbstractEventLoop, api: Api) -> Iterator[str]:
    """The URL of a started server."""
    app = Starlette(routes=list(rest.routes(api)), exception_handlers=rest.refusals(api))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.run_coroutine_threadsafe(serve_http(server), loop)
    while not server.started:
        if serving.done():
            serving.result()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        serving.result(30)


async def serve_http(server: uvicorn.Server) -> None:
    """As `Server.serve`, which takes over the signals: only a main thread can."""
    await server._serve()


@contextmanager
def running_world(
    database: Database, folder: Path, *, enforced: bool = False, most_failures: int = 10_000
) -> Iterator[World]:
    executor = Executor(database)
    registry = Registry(ids.new(), "default", "harbour", BORN, {"team": "careen"})
    with database.write() as connection:
        registries.add(connection, registry)
        repository = repositories.upsert(connection, registry.id, f"{registry.id}/tools/app")
        image = put_image(connection, repository, "latest")
    trail = audit_trail.opened(str(folder / "audit.jsonl"))
    authentication = Authentication(database, enforced, Failures(most=most_failures))
    api = Api(database, executor, grpc_address="localhost:8443", authentication=authentication, trail=trail)
    material = tls.ensure(folder / "tls", [])
    assert material.ca is not None
    with ExitStack() as stack:
        loop = stack.enter_context(running_loop())
        stack.callback(executor.finish)
        stack.callback(api.close)
        secure = stack.enter_context(grpc_server(loop, api, material))
        plaintext = stack.enter_context(grpc_server(loop, api))
        url = stack.enter_context(http_server(loop, api))
        channel = stack.enter_context(grpc.insecure_channel(plaintext))
        http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30))
        yield World(
            database,
            executor,
            registry,
            repository,
            image,
            http,
            channel,
            secure,
            plaintext,
            material.ca,
            authentication,
            folder / "audit.jsonl",
        )


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> Iterator[World]:
    """One that the test may change."""
    with running_world(sqlite_database, tmp_path) as made:
        yield made


@pytest.fixture
def guarded_world(sqlite_database: Database, tmp_path: Path) -> Iterator[World]:
    """One that asks who is calling."""
    with running_world(sqlite_database, tmp_path, enforced=True) as made:
        yield made


@pytest.fixture(scope="module")
def still_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests that only ask, or are refused. Its image has been scanned."""
    with still(sqlite_template, tmp_path_factory.mktemp("world"), enforced=False) as made:
        yield made


@pytest.fixture(scope="module")
def still_guarded_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same, and it asks who is calling."""
    with still(sqlite_template, tmp_path_factory.mktemp("world"), enforced=True) as made:
        yield made


@contextmanager
def still(template: Path, folder: Path, *, enforced: bool) -> Iterator[World]:
    shutil.copy(template, folder / "careen.db")
    database = Database(f"sqlite:///{folder}/careen.db")
    with running_world(database, folder, enforced=enforced) as made:
        made.scanned()
        yield made
    database.close()

"""`careen serve`: registry, API and scanner in one process."""

import asyncio
import fcntl
import gc
import logging
import signal
import socket
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import grpc
import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from careen.api import grpc as grpc_door
from careen.api import rest, tls
from careen.api.dispatch import Api
from careen.app import accounts, advisories, health, reports, workshop
from careen.app.policy_events import Recorded
from careen.app.protocol import Protocol
from careen.app.scan_events import ScanEvents
from careen.app.welcome import Welcome
from careen.app.workshop import Workshop
from careen.audit import trail as audit_trail
from careen.audit.trail import Trail
from careen.auth.authentication import Authentication
from careen.auth.iam_tokens import IamTokens
from careen.errors import Error, Exists, Unavailable
from careen.images import manifest as manifests
from careen.images.opened import NotAnImage
from careen.jobs import cancelled, old_operations
from careen.jobs.arriving import Arriving
from careen.jobs.cancelled import CancelWatch
from careen.jobs.executor import Executor
from careen.jobs.garbage import Garbage
from careen.jobs.layers import layer_sources
from careen.jobs.lifecycle import apply_policies
from careen.jobs.periodic import Periodic
from careen.jobs.scan_policies import ScanPolicies
from careen.jobs.scan_results import Retention
from careen.jobs.scans import ScanJob, Scans
from careen.model import ids
from careen.model.layer import LayerIndex
from careen.model.registry import Image, Registry
from careen.registry import app as registry_door
from careen.registry.door import RegistryDoor
from careen.settings import Address, Settings
from careen.store import images, registries
from careen.store.columns import now
from careen.store.paging import Page

log = structlog.get_logger(__name__)

DEFAULT_FOLDER = "default"
_HOUR = 3600.0  # seconds
_GRACE = 5  # seconds that requests under way get at the end


def serve(settings: Settings, *, announce: Callable[[str], object]) -> None:
    """Serve until SIGTERM or SIGINT; raises Error when it cannot begin."""
    with workshop.opened(settings) as parts, _alone(settings.data):
        registry = _default_registry(parts)
        trail = audit_trail.opened(settings.audit)
        executor = Executor(
            parts.database,
            ScanJob(
                parts.database,
                parts.blobs,
                parts.indexing,
                parts.snapshots,
                kernel_headers=settings.kernel_headers,
                budgets=parts.budgets,
                ended=ScanEvents(parts.database, trail),
            ),
            workers=settings.workers,
        )
        scans = Scans(parts.database, executor.submit, parts.indexing.leave)
        policies = ScanPolicies(parts.database, scans.start)
        watch = CancelWatch(parts.database, parts.indexing.waiting, parts.indexing.leave)
        retention = Retention(settings.scan_results, settings.scan_results_days)
        rounds = [
            Periodic("feeds", partial(advisories.refresh, parts), interval=settings.feeds_interval),
            _garbage(parts),
            Periodic("cancelled operations", watch.look, interval=cancelled.INTERVAL),
            Periodic("old results", partial(_forget, parts, retention), interval=_HOUR),
            Periodic(
                "lifecycle policies",
                partial(apply_policies, parts.database, Recorded(parts.database, trail)),
                interval=settings.policies_interval,
            ),
            Periodic("scan policies", policies.rescan, interval=settings.policies_interval),
        ]
        if settings.auth:
            tokens = IamTokens(Authentication(parts.database, settings.auth))
            rounds.append(Periodic("tokens", tokens.prune, interval=_HOUR))
        executor.start()
        for periodic in rounds:
            periodic.start()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(parts, Begun(scans, policies, registry, trail), announce))
        finally:
            for periodic in rounds:
                periodic.stop()
            executor.stop()


def _forget(parts: Workshop, retention: Retention) -> None:
    """What is older than anybody needs it."""
    retention.apply(parts.database)
    old_operations.forget(parts.database, parts.settings.operations_days)


def _garbage(parts: Workshop) -> Periodic:
    graces = parts.settings.blob_grace, parts.settings.upload_grace
    garbage = Garbage(parts.database, parts.blobs, *graces)
    interval = min(_HOUR, *(grace.total_seconds() for grace in graces))
    return Periodic("garbage", garbage.collect, interval=interval)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One server for each data folder: two would carry out the same operations."""
    with (data / "server.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Exists(f"another careen serves {data} already") from None
        yield


def _default_registry(parts: Workshop) -> Registry:
    """A registry exists before the first push."""
    with parts.database.write() as connection:
        for registry in registries.page(connection, DEFAULT_FOLDER, Page(size=1)):
            return registry
        made = Registry(ids.new(), DEFAULT_FOLDER, "default", now())
        registries.add(connection, made)
        return made


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A freshly pushed image is indexed before anybody asks."""

    parts: Workshop
    policies: ScanPolicies

    def __call__(self, image: Image) -> Collection[Future[LayerIndex]]:
        """Its layers under way. What goes wrong here goes wrong again at the Scan, and is said there."""
        under_way: Collection[Future[LayerIndex]] = ()
        try:
            under_way = self._index(image)
        except NotAnImage:
            pass  # a chart or a signature, or an index of what has been indexed
        except Error as error:
            log.warning("image not indexed yet", image=image.id, reason=error.message)
        try:
            self.policies.pushed(image)
        except Error as error:  # the next round of the policies makes up for it
            log.warning("scan of a pushed image not begun", image=image.id, reason=error.message)
        return under_way

    def _index(self, image: Image) -> Collection[Future[LayerIndex]]:
        with self.parts.database.read() as connection:
            body = images.body(connection, image.id)
        sources, _ = layer_sources(manifests.parse(body), self.parts.blobs)
        return self.parts.indexing.soon(sources, whose=image.id).values()


@dataclass(frozen=True, slots=True)
class Begun:
    """What is at work before the doors open."""

    scans: Scans
    policies: ScanPolicies
    registry: Registry
    trail: Trail


async def _serve(parts: Workshop, begun: Begun, announce: Callable[[str], object]) -> None:
    settings = parts.settings
    listener = _listen(settings.http)
    http = str(replace(settings.http, port=listener.getsockname()[1]))
    authentication = Authentication(parts.database, settings.auth, proxies=settings.proxies)
    api = Api(
        parts.database,
        begun.scans,
        grpc_address=str(settings.grpc),
        registry_address=http,
        authentication=authentication,
        trail=begun.trail,
    )
    material = tls.ensure(settings.tls, settings.tls_names)
    doors: list[grpc.aio.Server] = []
    try:
        plaintext = await _open(api, settings, material, doors)
        welcome = Welcome(http, api.grpc_address, plaintext, begun.registry.id, material, settings.auth)
        web = _WebServer(
            _web_config(_application(parts, begun, api, authentication)),
            # The first key is made when it can be told: a server that cannot start must not use it up.
            lambda: announce(welcome.text(_first_key(parts))),
        )
        await web.serve(sockets=[listener])
    finally:
        await asyncio.gather(*(door.stop(_GRACE) for door in doors))
        api.close()


async def _open(api: Api, settings: Settings, material: tls.Material, doors: list[grpc.aio.Server]) -> str:
    """Open the doors of gRPC, each of which is put into `doors`; the address of that without TLS, or ""."""
    door, port = await grpc_door.serve(api, str(settings.grpc), material=material)
    doors.append(door)
    api.grpc_address = str(replace(settings.grpc, port=port))
    if settings.grpc_plaintext is None:
        return ""
    door, port = await grpc_door.serve(api, str(settings.grpc_plaintext))
    doors.append(door)
    return str(replace(settings.grpc_plaintext, port=port))


def _first_key(parts: Workshop) -> str:
    """The key file with which the first administrator comes in; "" where there are accounts already."""
    made = accounts.make_first(parts.database) if parts.settings.auth else None
    return made.secret if made else ""


def _listen(address: Address) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        listener = socket.create_server((address.host, address.port), family=family, backlog=2048)
    except OSError as error:
        raise Unavailable(f"careen cannot listen on {address}: {error.strerror}") from error
    # Accepted sockets inherit it. asyncio sets it only on sockets that name their protocol; without it the
    # second packet of an answer waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _application(parts: Workshop, begun: Begun, api: Api, authentication: Authentication) -> Starlette:
    door = RegistryDoor(
        parts.database,
        parts.blobs,
        _Arrival(parts, begun.policies),
        authentication,
        begun.trail,
        patience=parts.settings.push_wait,
        arrivals=Arriving(parts.indexing, parts.blobs),
        grace=parts.settings.blob_grace,
        sparse_indexes=parts.settings.sparse_indexes,
    )
    return Starlette(
        routes=[
            *health.routes(parts.database),
            *registry_door.routes(door),
            *reports.routes(api, parts.database, parts.blobs),
            *rest.routes(api),
        ],
        exception_handlers=rest.refusals(api),
    )


class _WebServer(uvicorn.Server):
    """Says when it is ready: only then is there anything to talk to."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's own raises the signal again in the end, before the other doors are closed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
        gc.collect()
        gc.freeze()  # what is there stays: to look it over again and again would hold up every caller


def _web_config(application: Starlette) -> uvicorn.Config:
    # Clients that try TLS first (skopeo) are no reason for a warning.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return uvicorn.Config(
        application,
        http=Protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # uvicorn would believe anybody on loopback
        timeout_graceful_shutdown=_GRACE,
    )

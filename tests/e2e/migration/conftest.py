"""A careen with a registry as people leave it, one that takes it over, and an unkind network between."""

import hashlib
import json
import random
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import grpc
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from yandex.cloud.containerregistry.v1 import image_service_pb2
from yandex.cloud.endpoint import api_endpoint_service_pb2 as endpoints

PACKAGES = b"P:libcrypto3\nV:3.1.1-r0\no:openssl\n\nP:busybox\nV:1.36.0-r9\no:busybox\n\n"
OS = b"ID=alpine\nVERSION_ID=3.18.2\n"
STRANGER = "ajeabcdefghijklmnopq"  # a service account that only the source knows
BASE = {"etc/os-release": OS, "lib/apk/db/installed": PACKAGES}
DISCOVERY = "/yandex.cloud.endpoint.ApiEndpointService/List"


@dataclass
class Faults:
    """What goes wrong; each is asked before or after a call, and may raise or change what comes."""

    before_call: Callable[[str, dict[str, str]], None] = lambda method, metadata: None  # raises Refused
    after_call: Callable[[str, bytes, bytes], bytes] = lambda method, request, response: response
    before_get: Callable[[str], "Answer | None"] = lambda path: None
    after_get: Callable[[str, bytes], bytes] = lambda path, body: body
    cut: Callable[[str, int], int | None] = lambda path, size: None  # bytes after which the line breaks


class Refused(Exception):
    def __init__(self, code: grpc.StatusCode, message: str, **trailing: str) -> None:
        self.code = code
        self.message = message
        self.trailing = tuple((name.replace("_", "-"), value) for name, value in trailing.items())


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def one_in(number: int, seed: int = 2026) -> Callable[[], bool]:
    """By chance, but always the same."""
    chance, lock = random.Random(seed), threading.Lock()

    def hit() -> bool:
        with lock:
            return chance.randrange(number) == 0

    return hit


def without_token(request: bytes) -> bytes:
    """For a source whose list is short; pages are made of it by `in_pages`."""
    asked = image_service_pb2.ListImagesRequest.FromString(request)
    asked.page_token = ""
    return bytes(asked.SerializeToString())


def in_pages(request: bytes, response: bytes, *, forgets: list[str]) -> bytes:
    """A list of images in two pages that share a row; the second token is forgotten once."""
    asked = image_service_pb2.ListImagesRequest.FromString(request)
    said = image_service_pb2.ListImagesResponse.FromString(response)
    if asked.page_token == "second" and not forgets:
        forgets.append(asked.page_token)
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "page token has expired")
    rows = said.images if asked.page_token == "second" else said.images[:1]
    token = "" if asked.page_token == "second" else "second"
    page = image_service_pb2.ListImagesResponse(images=rows, next_page_token=token)
    return bytes(page.SerializeToString())


@dataclass
class Between:
    """Both doors of `source`, without TLS, with faults."""

    Refused: ClassVar = Refused
    Answer: ClassVar = Answer
    one_in: ClassVar = staticmethod(one_in)
    in_pages: ClassVar = staticmethod(in_pages)

    source: Any
    faults: Faults = field(default_factory=Faults)
    seen: list[tuple[str, str]] = field(default_factory=list)  # (method or path, authorization)
    grpc_port: int = 0
    http_port: int = 0

    @property
    def arguments(self) -> list[str]:
        return ["--from", f"127.0.0.1:{self.grpc_port}", "--plaintext"]


@contextmanager
def standing_between(source: Any) -> Iterator[Between]:
    made = Between(source)
    with _grpc_door(made), _http_door(made):
        yield made


@contextmanager
def _grpc_door(made: Between) -> Iterator[None]:
    server = grpc.server(ThreadPoolExecutor(16))
    made.grpc_port = server.add_insecure_port("127.0.0.1:0")
    channel = grpc.insecure_channel(f"127.0.0.1:{made.source.plaintext_port}")
    server.add_generic_rpc_handlers((_Calls(made, channel),))
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()
        channel.close()


class _Calls(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no annotations
    def __init__(self, made: Between, channel: grpc.Channel) -> None:
        self._made = made
        self._channel = channel

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        metadata = {key: str(value) for key, value in details.invocation_metadata}

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            self._made.seen.append((details.method, metadata.get("authorization", "")))
            try:
                self._made.faults.before_call(details.method, metadata)
                return self._forwarded(details.method, request, metadata)
            except Refused as refused:
                context.set_trailing_metadata(refused.trailing)
                context.abort(refused.code, refused.message)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(answer)

    def _forwarded(self, method: str, request: bytes, metadata: dict[str, str]) -> bytes:
        sent = [(key, value) for key, value in metadata.items() if key == "authorization"]
        asked = without_token(request) if method.endswith("ImageService/List") else request
        response: bytes = self._channel.unary_unary(method)(asked, metadata=sent)
        if method == DISCOVERY:
            response = self._own(response)
        return self._made.faults.after_call(method, request, response)

    def _own(self, response: bytes) -> bytes:
        """Whoever comes through here stays here."""
        said = endpoints.ListApiEndpointsResponse.FromString(response)
        for each in said.endpoints:
            port = self._made.http_port if each.id == "careen-registry" else self._made.grpc_port
            each.address = f"127.0.0.1:{port}"
        return bytes(said.SerializeToString())


@contextmanager
def _http_door(made: Between) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.seen.append((self.path, self.headers.get("Authorization", "")))
            refusal = made.faults.before_get(self.path)
            _send(self, refusal) if refusal else _pass_on(self, made)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.http_port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response(answer.status)
    for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(answer.body)


def _pass_on(handler: BaseHTTPRequestHandler, made: Between) -> None:
    kept = ("Authorization", "Range", "Accept")
    headers = {name: handler.headers[name] for name in kept if name in handler.headers}
    url = f"http://127.0.0.1:{made.source.http_port}{handler.path}"
    answer = httpx.get(url, headers=headers, trust_env=False)
    body = made.faults.after_get(handler.path, answer.content)
    handler.send_response(answer.status_code)
    for name in ("Content-Type", "Content-Range", "Docker-Content-Digest", "WWW-Authenticate"):
        if name in answer.headers:
            value = answer.headers[name].replace(str(made.source.http_port), str(made.http_port))
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    cut = made.faults.cut(handler.path, len(body))
    handler.wfile.write(body if cut is None else body[:cut])
    if cut is not None:
        handler.close_connection = True


def post(server: Any, path: str, verb: str = "POST", **body: object) -> dict[str, Any]:
    with server.client() as http:
        answer = http.request(verb, f"/container-registry/v1/{path}", json=body).raise_for_status().json()
    operation: dict[str, Any] = server.await_operation(answer)
    assert "error" not in operation, operation
    response: dict[str, Any] = operation.get("response", {})
    return response


def put_index_and_signature(http: httpx.Client, name: str) -> None:
    """What is no image by itself: an index of the image, and an artifact that refers to it."""
    kind = "application/vnd.oci.image"
    image = http.get(f"/v2/{name}/manifests/latest", headers={"Accept": f"{kind}.manifest.v1+json"})
    said = {"mediaType": f"{kind}.manifest.v1+json", "size": len(image.content)}
    said["digest"] = image.headers["Docker-Content-Digest"]
    index = {"schemaVersion": 2, "mediaType": f"{kind}.index.v1+json", "manifests": [said]}
    put_manifest(http, name, "multi", index)
    for content in (b"{}", b"signed"):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        begun = http.post(f"/v2/{name}/blobs/uploads/").raise_for_status()
        http.put(begun.headers["Location"], params={"digest": digest}, content=content).raise_for_status()
    config, layer = (
        {"mediaType": kind_, "digest": "sha256:" + hashlib.sha256(content).hexdigest(), "size": len(content)}
        for kind_, content in (("application/vnd.oci.empty.v1+json", b"{}"), ("text/plain", b"signed"))
    )
    signature = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "artifactType": "application/x-signature",
        "config": config,
        "layers": [layer],
        "subject": said,
    }
    put_manifest(http, name, "signature", signature)


def put_manifest(http: httpx.Client, name: str, tag: str, manifest: dict[str, Any]) -> None:
    headers = {"Content-Type": manifest["mediaType"]}
    path = f"/v2/{name}/manifests/{tag}"
    http.put(path, content=json.dumps(manifest).encode(), headers=headers).raise_for_status()


def fill(source: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]) -> None:
    """Pushes, scans and policies, as people leave them."""
    app = make_layout(BASE, {"srv/app": random.Random(1).randbytes(3_000_000)}, {"srv/more": b"1" * 100_000})
    lib = make_layout(BASE, {"srv/lib": b"2" * 1000})
    name = source.push(skopeo, app, "shop/web")
    source.push(skopeo, lib, "shop/deep/lib")
    target = f"docker://127.0.0.1:{source.http_port}/{name}:v1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{app}", target)
    registry = source.registry_id()
    for image in listed(source, "images", registryId=registry):
        source.scan(image["id"])
    with source.client() as http:
        put_index_and_signature(http, name)
    repositories = listed(source, "repositories", registryId=registry)
    repository = next(each for each in repositories if each["name"] == name)
    post(source, f"registries/{registry}", "PATCH", updateMask="labels", labels={"team": "shop"})
    rules = [
        {"tagRegexp": "tmp-.*", "expirePeriod": "172800s", "retainedTop": "3"},
        {"untagged": True, "retainedTop": "5"},
    ]
    policy = post(
        source, "lifecyclePolicies", repositoryId=repository["id"], name="old", status="ACTIVE", rules=rules
    )
    post(source, f"dryRunLifecyclePolicy/{policy['id']}")
    rule = {"repositoryPrefixes": ["*"], "rescanPeriod": "604800s"}
    post(source, "scanPolicies", registryId=registry, rules={"scheduleRules": [rule]})
    everybody = binding("container-registry.images.puller", "allUsers", "system")
    somebody = binding("container-registry.admin", STRANGER, "serviceAccount")
    post(source, f"registries/{registry}:setAccessBindings", accessBindings=[everybody, somebody])
    post(source, f"repositories/{repository['id']}:setAccessBindings", accessBindings=[somebody])
    permission = {"action": "PUSH", "ip": "127.0.0.0/8"}
    post(source, f"registries/{registry}:setIpPermission", ipPermission=[permission])


def binding(role: str, subject: str, kind: str) -> dict[str, Any]:
    return {"roleId": role, "subject": {"id": subject, "type": kind}}


def listed(server: Any, kind: str, **parameters: str) -> list[dict[str, Any]]:
    with server.client() as http:
        answer = http.get(f"/container-registry/v1/{kind}", params=parameters).raise_for_status().json()
    rows: list[dict[str, Any]] = answer.get(kind, [])
    return rows


def got(server: Any, path: str) -> Any:
    with server.client() as http:
        return http.get(f"/container-registry/v1/{path}").raise_for_status().json()


def everything(server: Any, registry: str) -> dict[str, Any]:
    """What every read method answers about the registry."""
    found: dict[str, Any] = {"registry": got(server, f"registries/{registry}")}
    found["repositories"] = listed(server, "repositories", registryId=registry)
    found["images"] = listed(server, "images", registryId=registry)
    found["policies"] = listed(server, "lifecyclePolicies", registryId=registry)
    found["scanPolicy"] = got(server, f"scanPolicies/{registry}:byRegistry")
    found["permissions"] = got(server, f"registries/{registry}:listIpPermission")
    found["bindings"] = got(server, f"registries/{registry}:listAccessBindings")
    for policy in found["policies"]:
        runs = got(server, f"dryRunLifecyclePolicyResults?lifecyclePolicyId={policy['id']}")
        found[f"runs {policy['id']}"] = runs
    for repository in found["repositories"]:
        scans = got(server, f"scans?repositoryId={repository['id']}")
        found[f"scans {repository['id']}"] = scans
        path = f"repositories/{repository['id']}:listAccessBindings"
        found[f"bindings {repository['id']}"] = got(server, path)
        for scan in scans["scanResults"]:
            found[scan["id"]] = got(server, f"scans/{scan['id']}:listVulnerabilities")
    for image in found["images"]:
        with server.client() as http:
            last = http.get(f"/container-registry/v1/images/{image['id']}:lastScanResult")
            referrers = http.get(f"/v2/{image['name']}/referrers/{image['digest']}")
        found[f"last {image['id']}"] = last.json() if last.is_success else last.status_code
        found[f"referrers {image['id']}"] = referrers.json()
    return found


@pytest.fixture(scope="session")
def filled_data(
    new_server: Callable[..., Any], skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> Path:
    server = new_server()
    server.start()
    fill(server, skopeo, make_layout)
    server.kill()
    data: Path = server.data
    return data


@pytest.fixture(scope="session")
def server_on(new_server: Callable[..., Any], filled_data: Path) -> Callable[..., Any]:
    """A server with a copy of the filled data, not started yet."""

    def make(**settings: str) -> Any:
        server = new_server(**settings)
        shutil.rmtree(server.data)
        shutil.copytree(filled_data, server.data, symlinks=True)
        return server

    return make


@pytest.fixture(scope="session")
def source(server_on: Callable[[], Any]) -> Iterator[Any]:
    """Only to be read: all tests share it."""
    server = server_on()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_source(server_on: Callable[[], Any]) -> Iterator[Any]:
    server = server_on()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def target(new_server: Callable[..., Any]) -> Iterator[Any]:
    """Not started: a migration needs no server."""
    server = new_server()
    yield server
    server.kill()


@pytest.fixture
def migrate(careen: Callable[..., Any], source: Any, target: Any) -> Callable[..., Any]:
    """Runs `careen migrate` from `of` (the shared source) into the target's data folder."""

    def run(*arguments: str, of: Any = source, **environment: str) -> "subprocess.CompletedProcess[str]":
        address = ("--from", f"localhost:{of.grpc_port}", "--ca", str(of.ca))
        done: subprocess.CompletedProcess[str] = careen(
            "migrate", *address, *arguments, CAREEN_DATA=str(target.data), **environment
        )
        return done

    return run


@pytest.fixture
def alike(source: Any, target: Any) -> Callable[..., None]:
    """Says whether the started target answers as the source does."""

    def compare(of: Any = source) -> None:
        registry = of.registry_id()
        assert everything(target, registry) == everything(of, registry)

    return compare


@pytest.fixture
def between(source: Any) -> Iterator[Between]:
    with standing_between(source) as made:
        yield made


@pytest.fixture
def migrate_through(careen: Callable[..., Any], between: Between, target: Any) -> Callable[..., Any]:
    """Runs `careen migrate` by way of `between`."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        done: subprocess.CompletedProcess[str] = careen(
            "migrate", *between.arguments, *arguments, CAREEN_DATA=str(target.data), **environment
        )
        return done

    return run


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a service account, as `yc iam key create` writes it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("key") / "key.json"
    said = {"id": "ajekey", "service_account_id": "ajeaccount", "private_key": pem.decode()}
    path.write_text(json.dumps(said))
    return str(path)

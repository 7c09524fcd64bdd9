"""Pulling from a registry that speaks HTTP on loopback, and is at times slow, broken or hostile."""

import base64
import hashlib
import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from careen.errors import Denied, Error, Exhausted, Invalid, NotFound, Unauthenticated, Unavailable
from careen.images import manifest as manifests
from careen.images.opened import MissingBlob, WrongDigest
from careen.images.place import Access
from careen.images.source import open_image
from careen.model.manifest import Platform
from careen.model.problem import ProblemKind

TOKEN = "the-token"
ACCESS = Access("me", "pass:word")
BASIC = "Basic " + base64.b64encode(b"me:pass:word").decode()
BIG = bytes(range(256)) * 12_000  # 3 MB


@dataclass
class Registry:
    """Serves the blobs of an OCI layout. The fields say how it behaves and what came in."""

    folder: Path
    port: int = 0
    challenge: str = ""  # what it asks for: WWW-Authenticate; "" = everybody may read
    accepted: str = ""  # the only value of Authorization that it takes
    token_answer: tuple[int, bytes] = (200, json.dumps({"token": TOKEN}).encode())
    token_users: tuple[str, ...] = ("", BASIC)  # Authorization that the token service takes
    break_off: list[int] = field(default_factory=list)  # bytes after which the next answers with a blob end
    refuse: list[tuple[int, Mapping[str, str]]] = field(
        default_factory=list
    )  # status, headers of the next ones
    ranges: bool = True
    redirect: str = ""  # blobs are at this base address
    overrides: dict[str, bytes] = field(default_factory=dict)  # blob or manifest -> other bytes
    headers: dict[str, str] = field(default_factory=dict)  # of answers with manifests
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # paths and headers

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def authorizations(self, pattern: str) -> list[str]:
        """What was sent as Authorization to paths that match."""
        return [headers.get("authorization", "") for path, headers in self.seen if re.search(pattern, path)]

    def find(self, kind: str, name: str) -> tuple[bytes, str] | None:
        """The bytes and media type of a blob or manifest."""
        index = json.loads((self.folder / "index.json").read_bytes())
        tagged = {
            one.get("annotations", {}).get("org.opencontainers.image.ref.name"): one
            for one in index["manifests"]
        }
        digest = tagged[name]["digest"] if kind == "manifests" and name in tagged else name
        path = self.folder / "blobs" / digest.replace(":", "/")
        if not path.is_file():
            return None
        data = self.overrides.get(digest, path.read_bytes())
        known = kind == "manifests" and path.stat().st_size < 100_000
        return data, json.loads(path.read_bytes())["mediaType"] if known else "application/octet-stream"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def do_GET(self) -> None:
        registry, url = self.registry, urlsplit(self.path)
        sent = {name.lower(): value for name, value in self.headers.items()}
        registry.seen.append((self.path, sent))
        if url.path == "/token":
            status, body = registry.token_answer
            allowed = sent.get("authorization", "") in registry.token_users
            return self.reply(status if allowed else 401, body)
        if url.path == "/v2/":
            return self.reply(200, b"{}")
        match = re.fullmatch(r"/v2/shop/web/(manifests|blobs)/([^/]+)", url.path)
        if match is None:
            return self.reply(404, b"{}")
        if registry.refuse and match[1] == "blobs":
            return self.reply(registry.refuse[0][0], b"", registry.refuse.pop(0)[1])
        if registry.challenge and sent.get("authorization") != registry.accepted:
            return self.reply(401, b"{}", {"WWW-Authenticate": registry.challenge})
        if match[1] == "blobs" and registry.redirect:
            return self.reply(307, b"", {"Location": registry.redirect + url.path + "?X-Signature=s3cret"})
        found = registry.find(match[1], match[2])
        if found is None:
            return self.reply(404, b"{}")
        return self.content(match[1], *found)

    def content(self, kind: str, data: bytes, media_type: str) -> None:
        headers = {"Content-Type": media_type, **(self.registry.headers if kind == "manifests" else {})}
        start = re.fullmatch(r"bytes=([0-9]+)-", self.headers.get("Range", ""))
        if start and self.registry.ranges:
            headers["Content-Range"] = f"bytes {start[1]}-{len(data) - 1}/{len(data)}"
            return self.reply(206, data[int(start[1]) :], headers, limit=self.limit(kind))
        return self.reply(200, data, headers, limit=self.limit(kind))

    def limit(self, kind: str) -> int | None:
        return self.registry.break_off.pop(0) if kind == "blobs" and self.registry.break_off else None

    def reply(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, limit: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:limit])
        if limit is not None and limit < len(body):  # a line that brought all of it may be used again
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """The tests look at `seen`."""


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who speaks no TLS where it is expected, or hangs up, is told nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[..., Registry]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(folder: Path, tls: ssl.SSLContext | None = None) -> Registry:
        registry = Registry(folder)
        handler = type("OneHandler", (Handler,), {"registry": registry})
        server = QuietServer(("127.0.0.1", 0), handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        registry.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return registry

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def registry(layout: Any, serve: Callable[..., Registry]) -> Registry:
    """Two images: `latest` of two layers, one of them large; `multi` for two platforms."""
    latest = layout.image([b"small", BIG])
    multi = layout.index(layout.image([b"s390x"], "linux/s390x"), layout.image([b"arm"], "linux/arm64"))
    return serve(layout.finish(latest=latest, multi=multi))


@pytest.fixture
def pull(registry: Registry, tmp_path: Path) -> Callable[..., tuple[Any, list[bytes]]]:
    """The opened image and the bytes of its layers."""
    work = tmp_path / "work"
    work.mkdir()

    def run(name: str = "latest", access: Access = ACCESS, **options: Any) -> tuple[Any, list[bytes]]:
        separator = "" if name.startswith("@") else ":"
        target = f"docker://{registry.address}/shop/web{separator}{name}"
        try:
            with open_image(target, work=work, access=access, **options) as image:
                layers = [layer.path.read_bytes() for layer in image.layers]
                assert [layer.size for layer in image.layers] == [len(data) for data in layers]
                return image, layers
        finally:
            assert not list(work.iterdir())

    return run


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS for 127.0.0.1, which clients of this process trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry of a test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password) + signed.public_bytes(pem)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_an_image_is_pulled_with_its_layers(registry: Registry, pull: Any) -> None:
    said = []
    image, layers = pull(progress=lambda *what: said.append(what))
    assert layers == [b"small", BIG]
    assert image.manifest.digest == digest_of(image.body)
    assert image.platform == Platform("linux", "amd64")
    assert said[-1] == (f"layer {digest_of(BIG)[7:19]}", len(BIG), len(BIG))
    (accept,) = [headers["accept"] for path, headers in registry.seen if "manifests" in path]
    assert set(accept.split(", ")) == set(manifests.MEDIA_TYPES)
    assert all(headers["accept-encoding"] == "identity" for _, headers in registry.seen)


def test_an_image_is_pulled_by_its_digest(pull: Any) -> None:
    image, _ = pull()
    again, _ = pull(f"@{image.manifest.digest}")
    both, _ = pull(f"absent-tag@{image.manifest.digest}")
    assert again.manifest == both.manifest == image.manifest


def test_a_platform_is_chosen(pull: Any) -> None:
    assert pull("multi", platform=Platform("linux", "arm64"))[1] == [b"arm"]
    with pytest.raises(NotFound, match="there are: linux/arm64, linux/s390x"):
        pull("multi", platform=Platform("linux", "mips"))


def test_without_a_prefix_it_is_a_registry_too(registry: Registry, tmp_path: Path) -> None:
    with open_image(f"{registry.address}/shop/web", work=tmp_path) as image:
        assert len(image.layers) == 2


def test_skopeo_finds_this_registry_a_real_one(
    registry: Registry, skopeo: Callable[..., None], tmp_path: Path, pull: Any
) -> None:
    skopeo(
        "copy",
        "--src-tls-verify=false",
        "--preserve-digests",
        f"docker://{registry.address}/shop/web:latest",
        f"oci:{tmp_path}/copied:latest",
    )
    with open_image(f"{tmp_path}/copied", work=tmp_path) as copied:
        assert copied.manifest == pull()[0].manifest


def test_nobody_is_told_who_we_are_unless_they_ask(registry: Registry, pull: Any) -> None:
    pull()
    assert set(registry.authorizations("")) == {""}


def test_basic_credentials_are_sent_when_asked_for(registry: Registry, pull: Any) -> None:
    registry.challenge, registry.accepted = 'Basic realm="here"', BASIC
    assert pull()[1] == [b"small", BIG]
    with pytest.raises(Unauthenticated, match="cannot be read with no credentials"):
        pull(access=Access())
    with pytest.raises(Unauthenticated, match="cannot be read with these credentials"):
        pull(access=Access("me", "wrong"))


def test_a_token_is_fetched_once_and_for_reading_only(registry: Registry, pull: Any) -> None:
    realm = f"http://{registry.address}/token?keep=1"
    registry.challenge = f'Bearer realm="{realm}",service="reg, istry",scope="repository:other:push,pull"'
    registry.accepted = f"Bearer {TOKEN}"
    assert pull()[1] == [b"small", BIG]
    (asked,) = [urlsplit(path) for path, _ in registry.seen if path.startswith("/token")]
    assert parse_qs(asked.query) == {
        "keep": ["1"],
        "service": ["reg, istry"],
        "scope": ["repository:shop/web:pull"],
    }
    assert registry.authorizations("^/token") == [BASIC]
    assert BASIC not in registry.authorizations("^/v2/")


def test_a_token_may_be_had_by_nobody(registry: Registry, pull: Any) -> None:
    registry.challenge = f'bearer realm="http://{registry.address}/token"'
    registry.accepted = f"Bearer {TOKEN}"
    registry.token_answer = (200, json.dumps({"access_token": TOKEN, "token": ""}).encode())
    assert pull(access=Access())[1] == [b"small", BIG]
    assert registry.authorizations("^/token") == [""]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((403, b"{}"), Unauthenticated, "the token service 127.0.0.1 of 127.0.0.1 answered 403"),
        ((200, b"[]"), Invalid, "the token service's answer is no JSON object"),
        ((200, b"{}"), Invalid, "access_token is missing"),
        ((200, b'{"token": "a\\r\\nX-Evil: 1"}'), Invalid, "not printable"),
        ((200, '{"token": "ä"}'.encode()), Invalid, "sent a token that is none"),
        ((200, b" " * (5 << 20)), Invalid, "more than 4194304"),
    ],
)
def test_a_token_service_that_fails_is_named(
    registry: Registry, pull: Any, answer: tuple[int, bytes], error: type[Error], said: str
) -> None:
    registry.challenge = f'Bearer realm="http://{registry.address}/token"'
    registry.token_answer = answer
    with pytest.raises(error, match=said) as caught:
        pull()
    assert "pass:word" not in caught.value.message
    assert TOKEN not in caught.value.message


def test_a_foreign_token_service_receives_no_credentials(
    registry: Registry, serve: Callable[..., Registry], layout: Any, pull: Any
) -> None:
    foreign = serve(layout.folder)
    foreign.token_users = (BASIC,)
    registry.challenge = f'Bearer realm="http://localhost:{foreign.port}/token"'
    with pytest.raises(
        Unauthenticated, match="belongs to somebody else, so the credentials were not sent there"
    ):
        pull()
    assert foreign.authorizations("^/token") == [""]


@pytest.mark.parametrize(
    "realm", ["", "ftp://127.0.0.1/token", "http://me:pw@127.0.0.1/", "http://[::1", "data:,x"]
)
def test_an_address_that_is_none_is_not_gone_to(registry: Registry, pull: Any, realm: str) -> None:
    registry.challenge = f'Bearer realm="{realm}"'
    with pytest.raises(Invalid, match="names a token service that is not https"):
        pull()


def test_redirects_are_followed_without_credentials(
    registry: Registry, serve: Callable[..., Registry], layout: Any, pull: Any
) -> None:
    storage = serve(layout.folder)
    registry.challenge, registry.accepted = 'Basic realm="here"', BASIC
    registry.redirect = f"http://localhost:{storage.port}"
    assert pull()[1] == [b"small", BIG]
    assert BASIC in registry.authorizations("blobs")
    assert set(storage.authorizations("")) == {""}


def test_a_foreign_host_that_asks_for_credentials_gets_none(
    registry: Registry, serve: Callable[..., Registry], layout: Any, pull: Any
) -> None:
    storage = serve(layout.folder)
    storage.challenge, storage.accepted = f'Bearer realm="http://{storage.address}/token"', BASIC
    registry.redirect = f"http://{storage.address}"
    with pytest.raises(Unauthenticated) as caught:
        pull()
    assert set(storage.authorizations("")) == {""}
    assert "s3cret" not in caught.value.message


def test_redirects_end(registry: Registry, pull: Any) -> None:
    registry.redirect = f"http://{registry.address}"
    with pytest.raises(Invalid, match="redirects without end"):
        pull()
    registry.redirect = "file:///etc/passwd?"
    with pytest.raises(Invalid, match="redirects to an address that is not https"):
        pull()


def test_signed_addresses_are_not_logged(
    registry: Registry,
    serve: Callable[..., Registry],
    layout: Any,
    pull: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry.redirect = f"http://{serve(layout.folder).address}"
    with caplog.at_level(logging.INFO):
        pull()
    assert "s3cret" not in caplog.text


def test_a_dropped_connection_is_taken_up_where_it_broke(registry: Registry, pull: Any) -> None:
    _, layers = pull()
    registry.seen.clear()
    registry.break_off = [10**9, 10**9, 2_000_000, 500_000]  # config, the small layer, the large one, twice
    assert pull()[1] == layers
    ranges = [headers.get("range") for path, headers in registry.seen if digest_of(BIG) in path]
    assert ranges[0] is None
    starts = [int(str(one)[6:-1]) for one in ranges[1:]]
    assert len(starts) == 2
    assert 0 < starts[0] <= 2_000_000 < starts[1] <= 2_500_000


def test_a_registry_without_ranges_is_asked_for_the_whole_again(registry: Registry, pull: Any) -> None:
    registry.ranges = False
    registry.break_off = [10**9, 10**9, 2_000_000]
    assert pull()[1] == [b"small", BIG]


def test_a_registry_that_always_breaks_off_is_given_up(
    registry: Registry, pull: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    registry.break_off = [10**9, 10**9, *[10] * 50]
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 broke off"):
        pull()
    assert len(registry.break_off) == 45


def test_a_registry_that_asks_to_wait_is_waited_for(
    registry: Registry, pull: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    registry.refuse = [(429, {"Retry-After": "7"}), (503, {}), (503, {"Retry-After": "Sat, 22 Nov 2026"})]
    assert pull()[1] == [b"small", BIG]
    assert waits == [7, 1.0, 2.0]
    registry.refuse = [(429, {"Retry-After": "3600"})]
    with pytest.raises(Unavailable, match="answered 429"):
        pull()
    assert len(waits) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Denied), (404, MissingBlob), (400, Invalid), (401, Unauthenticated), (206, Invalid)],
)
def test_answers_become_kinds_of_errors(
    registry: Registry, pull: Any, status: int, error: type[Error]
) -> None:
    registry.refuse = [(status, {})]
    with pytest.raises(error):
        pull()


def test_wrong_bytes_are_found_out(registry: Registry, pull: Any) -> None:
    image, _ = pull()
    for data, size in [(BIG, len(BIG)), (BIG, len(BIG) - 1), (BIG, len(BIG) + 1)]:
        registry.overrides = {digest_of(data): (b"\1" + data)[:size] if size <= len(data) else data + b"\1"}
        with pytest.raises(WrongDigest):
            pull()
    registry.overrides = {image.manifest.config.digest: b"{}"}
    with pytest.raises(WrongDigest):
        pull()


def test_a_wrong_manifest_is_found_out(registry: Registry, pull: Any) -> None:
    image, _ = pull()
    registry.headers = {"Docker-Content-Digest": "sha256:" + "0" * 64}
    with pytest.raises(WrongDigest, match="has another digest than sha256:0000"):
        pull()
    registry.headers = {}
    registry.overrides = {image.manifest.digest: image.body + b"\n"}
    pull()
    with pytest.raises(WrongDigest, match="has another digest than"):
        pull(f"@{image.manifest.digest}")


def test_a_schema_1_manifest_is_refused_with_advice(registry: Registry, pull: Any) -> None:
    registry.headers = {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
    with pytest.raises(Invalid, match="schema 1 is not supported; push the image again"):
        pull()


def test_an_endless_manifest_is_not_read_to_its_end(registry: Registry, pull: Any) -> None:
    image, _ = pull()
    registry.overrides = {image.manifest.digest: b" " * (16 << 20)}
    with pytest.raises(Invalid, match="it has 4194305 bytes"):
        pull()


def test_a_foreign_layer_is_never_fetched_from_its_urls(
    registry: Registry, serve: Callable[..., Registry], layout: Any, pull: Any
) -> None:
    elsewhere = serve(layout.folder)
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    foreign = {**layout.blob(kind, b"windows"), "urls": [f"http://{elsewhere.address}/layer"]}
    config = layout.blob(manifests.OCI_CONFIG, b"{}")
    layout.finish(latest=layout.document(manifests.OCI_MANIFEST, {"config": config, "layers": [foreign]}))
    layout.path(foreign["digest"]).unlink()
    image, layers = pull()
    assert (layers, [problem.kind for problem in image.problems]) == ([], [ProblemKind.FOREIGN_LAYER])
    assert elsewhere.seen == []


def test_a_layer_without_room_is_not_begun(layout: Any, pull: Any) -> None:
    config = layout.blob(manifests.OCI_CONFIG, b"{}")
    huge = {**layout.blob("application/vnd.oci.image.layer.v1.tar", b"x"), "size": 1 << 60}
    layout.finish(latest=layout.document(manifests.OCI_MANIFEST, {"config": config, "layers": [huge]}))
    with pytest.raises(Exhausted, match="no room for the layer"):
        pull()


def test_what_is_not_there_is_said(registry: Registry, pull: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=f"there is no image {registry.address}/shop/web:absent"):
        pull("absent")
    with pytest.raises(Unavailable, match=r"cannot connect to 127\.0\.0\.1"):
        open_image("127.0.0.1:1/shop/web", work=tmp_path).__enter__()


def test_a_registry_on_loopback_may_speak_tls(
    serve: Callable[..., Registry], layout: Any, certificate: ssl.SSLContext, tmp_path: Path
) -> None:
    secure = serve(layout.finish(latest=layout.image([b"small"])), certificate)
    with open_image(f"{secure.address}/shop/web", work=tmp_path) as image:
        assert len(image.layers) == 1


def test_nothing_leads_from_tls_to_plain_http(
    serve: Callable[..., Registry], layout: Any, certificate: ssl.SSLContext, tmp_path: Path
) -> None:
    folder = layout.finish(latest=layout.image([b"small"]))
    secure, plain = serve(folder, certificate), serve(folder)
    secure.redirect = f"http://{plain.address}"
    with pytest.raises(Invalid, match="redirects to an address that is not https"):
        open_image(f"{secure.address}/shop/web", work=tmp_path, access=ACCESS).__enter__()
    secure.challenge = f'Bearer realm="http://{plain.address}/token"'
    with pytest.raises(Invalid, match="names a token service that is not https"):
        open_image(f"{secure.address}/shop/web", work=tmp_path, access=ACCESS).__enter__()
    assert plain.seen == []


def test_http_is_for_loopback_unless_it_is_asked_for(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry is reached by a name that is not known to be this machine's."""
    known = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: known("127.0.0.1", *rest, **more))
    target = f"registry.test:{registry.port}/shop/web"
    with pytest.raises(Unavailable):
        open_image(target, work=tmp_path).__enter__()
    assert registry.seen == []
    with open_image(target, work=tmp_path, access=Access(plain_http=True)) as image:
        assert len(image.layers) == 2

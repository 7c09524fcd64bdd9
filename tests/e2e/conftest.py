"""careen as its users start it: in a process of its own, with a data folder of its own."""

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from careen import example

SHARED = Path(__file__).parents[3] / "shared"
OCI = "application/vnd.oci.image"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Server:
    """`careen serve`; `start` and `kill` may be called again and again."""

    data: Path
    mirror: str
    settings: Mapping[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)
    grpc_port: int = field(default_factory=free_port)
    plaintext_port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def ca(self) -> Path:
        return self.data / "tls" / "ca.pem"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CAREEN_DATA": str(self.data),
            "CAREEN_HTTP": f"127.0.0.1:{self.http_port}",
            "CAREEN_GRPC": f"127.0.0.1:{self.grpc_port}",
            "CAREEN_GRPC_PLAINTEXT": f"127.0.0.1:{self.plaintext_port}",
            "CAREEN_FEEDS_MIRROR": self.mirror,
            **self.settings,
        }

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "careen", "serve"],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.await_ready()

    def await_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(self.log())

    def log(self) -> str:
        return (self.data.parent / f"{self.data.name}.log").read_text()

    def kill(self) -> None:
        """As the kernel would: no farewell."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.wait()

    def push(self, skopeo: Callable[..., None], layout: Path, path: str) -> str:
        """Push the layout's image as `<registry id>/<path>:latest`; returns the repository's name."""
        repository = f"{self.registry_id()}/{path}"
        target = f"docker://127.0.0.1:{self.http_port}/{repository}:latest"
        skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}", target)
        return repository

    def end(self, number: signal.Signals) -> None:
        """As a terminal or a service manager would: server and children get the signal at the same time."""
        assert self.process is not None
        os.killpg(self.process.pid, number)
        self.wait()

    def wait(self) -> int:
        return self.process.wait(timeout=60) if self.process is not None else 0

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    def registry_id(self) -> str:
        with self.client() as http:
            answer = http.get("/container-registry/v1/registries", params={"folderId": "default"})
        identifier: str = answer.raise_for_status().json()["registries"][0]["id"]
        return identifier

    def image(self, repository: str) -> dict[str, object]:
        """The one image of a repository, as ImageService lists it."""
        with self.client() as http:
            answer = http.get("/container-registry/v1/images", params={"repositoryName": repository})
        (image,) = answer.raise_for_status().json()["images"]
        return dict(image)

    def await_operation(self, operation: Mapping[str, object]) -> dict[str, object]:
        with self.client() as http:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                answer = http.get(f"/operations/{operation['id']}").raise_for_status().json()
                if answer["done"]:
                    return dict(answer)
                time.sleep(0.02)
        raise AssertionError(self.log())

    def scan(self, image_id: object) -> dict[str, object]:
        """The Operation of a new scan, once it is done."""
        with self.client() as http:
            answer = http.post("/container-registry/v1/scans", json={"imageId": image_id})
        return self.await_operation(answer.raise_for_status().json())

    def vulnerabilities(self, scan_result_id: object) -> list[dict[str, object]]:
        """All pages of listVulnerabilities."""
        rows: list[dict[str, object]] = []
        token = ""
        with self.client() as http:
            while True:
                answer = http.get(
                    f"/container-registry/v1/scans/{scan_result_id}:listVulnerabilities",
                    params={"pageSize": 50, "pageToken": token},
                )
                page = answer.raise_for_status().json()
                rows += page.get("vulnerabilities", [])
                token = page.get("nextPageToken", "")
                if not token:
                    return rows


@contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def feeds_mirror() -> str:
    """The example that comes with careen: the same few advisories for ever."""
    return str(example.MIRROR)


@pytest.fixture(scope="session")
def advised_data(tmp_path_factory: pytest.TempPathFactory, feeds_mirror: str) -> Path:
    """A data folder whose snapshot of the example's advisories is built already."""
    return advise(tmp_path_factory.mktemp("advised") / "data", feeds_mirror)


@pytest.fixture(scope="session")
def really_advised_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with real advisories, where they are beside the project."""
    mirror = SHARED / "feeds"
    if not mirror.is_dir():
        pytest.skip("real feeds (../shared/feeds) are not beside the project")
    return advise(tmp_path_factory.mktemp("advised") / "data", str(mirror))


def advise(data: Path, mirror: str) -> Path:
    environment = {**os.environ, "CAREEN_DATA": str(data), "CAREEN_FEEDS_MIRROR": mirror}
    updated = subprocess.run(
        [sys.executable, "-m", "careen", "feeds", "update"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert updated.returncode == 0, updated.stderr
    return data


@pytest.fixture(scope="session")
def new_server(
    tmp_path_factory: pytest.TempPathFactory, advised_data: Path, feeds_mirror: str
) -> Callable[..., Server]:
    def make(**settings: str) -> Server:
        data = tmp_path_factory.mktemp("server") / "data"
        shutil.copytree(advised_data, data, symlinks=True)
        return Server(data, feeds_mirror, settings)

    return make


@pytest.fixture
def unadvised_server(tmp_path: Path) -> Callable[[], Server]:
    """A server that knows of no advisories: its mirror is an empty folder."""

    def make() -> Server:
        mirror = tmp_path / "mirror"
        mirror.mkdir()
        return Server(tmp_path / "data", str(mirror))

    return make


@pytest.fixture(scope="module")
def server(new_server: Callable[..., Server]) -> Iterator[Server]:
    with running(new_server()) as started:
        yield started


@pytest.fixture
def careen(advised_data: Path, feeds_mirror: str) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs `careen ARGUMENTS` to its end."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "careen", *arguments],
            env={
                **os.environ,
                "CAREEN_DATA": str(advised_data),
                "CAREEN_FEEDS_MIRROR": feeds_mirror,
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def skopeo() -> Callable[..., None]:
    """Runs skopeo, which CI must have; elsewhere its tests are skipped aloud."""
    path = shutil.which("skopeo")
    if path is None:
        reason = "skopeo is not installed: apt-get install skopeo"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    def run(*arguments: str) -> None:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr

    return run


def tar_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def make_layout(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes an OCI layout, tag `latest`: a layer for each mapping path -> bytes, or of bytes as they are."""

    def make(*layers: Mapping[str, bytes] | bytes) -> Path:
        folder = tmp_path_factory.mktemp("layout") / "image"
        (folder / "blobs" / "sha256").mkdir(parents=True)

        def blob(data: bytes, kind: str) -> dict[str, object]:
            hexdigest = hashlib.sha256(data).hexdigest()
            (folder / "blobs" / "sha256" / hexdigest).write_bytes(data)
            return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{hexdigest}", "size": len(data)}

        tars = [layer if isinstance(layer, bytes) else tar_of(layer) for layer in layers]
        packed = [gzip.compress(tar, mtime=0) for tar in tars]
        diff_ids = ["sha256:" + hashlib.sha256(tar).hexdigest() for tar in tars]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created_by": f"step {number}"} for number in range(len(layers))],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": blob(json.dumps(config).encode(), "config.v1+json"),
            "layers": [blob(data, "layer.v1.tar+gzip") for data in packed],
        }
        entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
        entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [entry]}
        (folder / "index.json").write_text(json.dumps(index))
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        return folder

    return make

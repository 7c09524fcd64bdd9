"""How soon an image is scanned after its push, what the push pays for that, and a Scan by itself.

The image is pushed as engines do it: its blobs in parallel, then the manifest. Debian-only advisories: the
rest of the feeds would take minutes to build and add nothing to be waited for.
"""

import gzip
import hashlib
import http.client
import io
import json
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench import image
from bench.image import say
from bench.matching import inventory
from bench.registry import Server, careen, cpu, peer, push

OCI = "application/vnd.oci.image."
AT_ONCE = 5  # blobs
POLL = 0.01  # seconds
REPEATED = 20  # scans of an image that is indexed
PACKAGES = 400
SIZE = 1 << 30  # bytes
UPSTREAM = "security-tracker.debian.org"
DEBIAN = 'ID=debian\nVERSION_ID="11"\n'


class Pushed(NamedTuple):
    blobs: float  # seconds until all of them were stored
    manifest: float  # seconds that its PUT took
    digest: str


class Api:
    """One connection to a careen."""

    def __init__(self, server: Server) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        self._line.request(method, path, body=None if body is None else json.dumps(body))
        answer = self._line.getresponse()
        said = answer.read()
        assert answer.status < http.client.BAD_REQUEST, said
        return json.loads(said)

    def image_id(self, repository: str, digest: str) -> str:
        path = f"/container-registry/v1/images?repositoryName={repository}&pageSize=100"
        return next(each["id"] for each in self.call("GET", path)["images"] if each["digest"] == digest)

    def scan(self, image_id: str) -> tuple[float, dict[str, Any]]:
        """Seconds until the Operation was done, and the Operation."""
        began = time.perf_counter()
        operation = self.call("POST", "/container-registry/v1/scans", {"imageId": image_id})
        while not operation["done"]:
            time.sleep(POLL)
            operation = self.call("GET", f"/operations/{operation['id']}")
        return time.perf_counter() - began, operation


def compare(folder: Path, layout: Path, mirror: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    layers = _about_a_gigabyte(layout)
    blobs = [image.blob_path(layout, layer) for layer in layers]
    size = sum(layer["size"] for layer in layers)
    say(f"an image of {size / 1e9:.2f} GB in {len(layers)} layers, pushed {AT_ONCE} at once; seconds")
    with peer(folder / "peer") as other:
        if other is not None:
            _say(other.name, _push_image(other, blobs, layers), "nothing is indexed")
    for name, wait in (("careen, whose push waits", "120"), ("careen without waiting", "0")):
        with _scanning(folder, mirror, CAREEN_PUSH_WAIT=wait) as server:
            said = _push_image(server, blobs, layers)
            before = cpu(server.pid)
            seconds, operation = _scan(server, said.digest)
            used = cpu(server.pid) - before
            _say(name, said, f"then Scan {seconds:.2f}, CPU of the server {used:.2f}  {_error(operation)}")
            if wait != "0":
                _scan_again(server, folder / "data")


def _say(name: str, said: Pushed, more: str) -> None:
    say(f"  {name:24}  blobs {said.blobs:.1f}, manifest {said.manifest:.1f}, {more}")


def _scan_again(server: Server, data: Path) -> None:
    """Images of many packages whose layers are indexed."""
    say(f"a Scan of {PACKAGES} packages that are indexed, the median of {REPEATED}; milliseconds")
    (snapshot,) = (data / "snapshots").glob("*.sqlite")
    known = [(each.name, each.version) for each in inventory(snapshot, "Debian:11", PACKAGES).packages]
    api = Api(server)
    for kind, vulnerable in (("a tenth is vulnerable", PACKAGES // 10), ("dense", PACKAGES)):
        others = [(f"package-{number}", "1") for number in range(PACKAGES)]
        packages = [*known[:vulnerable], *others][:PACKAGES]
        image_id = api.image_id(server.repository, _push_small(server, data, packages))
        api.scan(image_id)
        before = cpu(server.pid)
        scans = sorted((api.scan(image_id) for _ in range(REPEATED)), key=lambda each: each[0])
        used = (cpu(server.pid) - before) / REPEATED
        seconds, operation = scans[REPEATED // 2]
        found = sum(map(int, operation["response"]["vulnerabilities"].values()))
        say(f"  {kind:22}  {seconds * 1000:5.0f}, CPU of the server {used * 1000:.0f}; {found} findings")


def _push_small(server: Server, folder: Path, packages: Sequence[tuple[str, str]]) -> str:
    """An image of one layer with these packages of Debian's, by name and version; returns its digest."""
    layer = _debian_layer(packages)
    path = folder / "layer"
    path.write_bytes(layer)
    described = {"mediaType": f"{OCI}layer.v1.tar+gzip", "digest": _digest(layer), "size": len(layer)}
    return _push_image(server, [path], [described]).digest


def _scan(server: Server, digest: str) -> tuple[float, dict[str, Any]]:
    api = Api(server)
    return api.scan(api.image_id(server.repository, digest))


def _error(operation: dict[str, Any]) -> str:
    return str(operation.get("error", {}).get("message", ""))[:100]


def _push_image(server: Server, blobs: Sequence[Path], layers: Sequence[dict[str, Any]]) -> Pushed:
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "layers": [each["digest"] for each in layers]}
    ).encode()
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool, tempfile.NamedTemporaryFile() as file:
        file.write(config)
        file.flush()
        digests = [_digest(config), *(layer["digest"] for layer in layers)]
        list(pool.map(partial(push, server), [Path(file.name), *blobs], digests))
    stored = time.perf_counter()
    described = {"mediaType": f"{OCI}config.v1+json", "digest": _digest(config), "size": len(config)}
    body = json.dumps({"schemaVersion": 2, "mediaType": f"{OCI}manifest.v1+json", "config": described,
                       "layers": list(layers)}).encode()  # fmt: skip
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    path = f"/v2/{server.repository}/manifests/{_digest(body)}"
    line.request("PUT", path, body=body, headers={"Content-Type": f"{OCI}manifest.v1+json"})
    answer = line.getresponse()
    assert answer.status == http.client.CREATED, answer.read()
    return Pushed(stored - began, time.perf_counter() - stored, _digest(body))


@contextmanager
def _scanning(folder: Path, mirror: Path, **settings: str) -> Iterator[Server]:
    """A careen that has its advisories and nothing else to do."""
    only = folder / "mirror"
    shutil.rmtree(only, ignore_errors=True)
    only.mkdir()
    (only / UPSTREAM).symlink_to((mirror / UPSTREAM).absolute())
    with careen(folder / "data", CAREEN_FEEDS_MIRROR=str(only), **settings) as server:
        _scan(server, _push_small(server, folder, [("dpkg", "1")]))  # it waits for the snapshot
        yield server


def _debian_layer(packages: Sequence[tuple[str, str]]) -> bytes:
    stanza = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n"
    status = "\n".join(stanza.format(*each) for each in packages)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in {"etc/os-release": DEBIAN, "var/lib/dpkg/status": status}.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def _about_a_gigabyte(layout: Path) -> list[dict[str, Any]]:
    """Layers of the image, the lowest first, as far as they are no more."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(image.blob_path(layout, index["manifests"][0]).read_text())
    chosen: list[dict[str, Any]] = []
    for layer in manifest["layers"]:
        if sum(each["size"] for each in chosen) + layer["size"] <= SIZE:
            chosen.append(layer)
    return chosen


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

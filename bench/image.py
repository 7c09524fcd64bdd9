"""The image that the benchmark reads: several layers of real packages, fetched by the ordinary clients.

Built once into a folder of its own, as an OCI layout (OCI image-spec, image-layout.md); what a client cannot
get here is left out, aloud.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from careen.images.budgets import Budgets
from careen.images.inflate import inflate
from careen.model.digest import from_hex
from careen.zstd import ZstdCompressor

HERE = Path(__file__).parent
NAME = "bench"
CHUNK = 1 << 20  # bytes
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
TOOLS = (
    "ca-certificates,curl,git,build-essential,python3,python3-dev,perl,nodejs,default-jre-headless,maven,podman"
    ",skopeo,containerd,runc,golang-go,ripgrep,ruby-full,r-base-core,php-cli,postgresql,nginx,redis-server"
    ",imagemagick,vim,gdb,clang"
)
OCI = "application/vnd.oci.image."
Fetch = Callable[[Path], None]  # makes the file or folder that it is given


class Part(NamedTuple):
    """A layer: how to get what is in it, and where in the image that lies."""

    name: str
    compression: str
    fetch: Fetch
    prefix: str = ""


class Layer(NamedTuple):
    name: str
    path: Path
    media_type: str
    diff_id: str
    unpacked: int  # bytes


def say(text: str) -> None:
    print(text, flush=True)


def debian(include: str) -> Fetch:
    def fetch(target: Path) -> None:
        if shutil.which("mmdebstrap") is None or os.geteuid():
            raise FileNotFoundError("this needs mmdebstrap and root")
        command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=tar"]
        run([*command, *([f"--include={include}"] if include else []), "bookworm", str(target)])

    return fetch


def wheels(part: slice) -> Fetch:
    def fetch(target: Path) -> None:
        wanted = (HERE / "wheels.txt").read_text().split()[part]
        store = target.with_suffix(".wheels")
        platforms = [f"--platform={name}" for name in PLATFORMS]
        command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "download", "--no-deps"]
        only = ["--only-binary=:all:", "--python-version=3.11", *platforms]
        run([*command, *only, f"--dest={store}", *wanted])
        for wheel in sorted(store.glob("*.whl")):
            zipfile.ZipFile(wheel).extractall(target)  # noqa: S202 - pip has checked it

    return fetch


def modules(target: Path) -> None:
    if shutil.which("npm") is None:
        raise FileNotFoundError("this needs npm")
    target.mkdir()
    (target / "package.json").write_text('{"name": "bench", "version": "1.0.0", "private": true}')
    options = ["--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"]
    run(["npm", "install", *options, *(HERE / "npm.txt").read_text().split()], cwd=target)


PARTS = (
    Part("debian-base", "gzip", debian("")),
    Part("debian-tools", "gzip", debian(TOOLS)),
    Part("wheels-1", "gzip", wheels(slice(0, None, 2)), "opt/app/lib/python3.11/site-packages"),
    Part("wheels-2", "zstd", wheels(slice(1, None, 2)), "opt/app/lib/python3.11/site-packages"),
    Part("npm", "gzip", modules, "opt/web"),
)
LARGE = ("debian-tools",)  # left out of a small image


def run(command: list[str], cwd: Path | None = None) -> None:
    subprocess.run(command, check=True, cwd=cwd, stdout=subprocess.DEVNULL)


def build(data: Path, *, is_small: bool) -> Path:
    """The layout's folder, from which `layers` reads; nothing is fetched or packed twice."""
    parts = [part for part in PARTS if not (is_small and part.name in LARGE)]
    layout = data / ("small" if is_small else "large")
    if not (layout / "index.json").exists():
        (layout / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        fetched = [part for part in parts if obtain(part, data / "parts")]
        with ThreadPoolExecutor(2) as pool:
            finish(layout, list(pool.map(lambda part: pack(part, data / "parts", layout), fetched)))
    return layout


def obtain(part: Part, folder: Path) -> bool:
    target = folder / part.name
    folder.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return True
    say(f"fetching {part.name}")
    unfinished = folder / f"unfinished-{part.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        part.fetch(unfinished)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        say(f"SKIPPED: layer {part.name}: {error}")
        return False
    unfinished.rename(target)
    return True


def pack(part: Part, folder: Path, layout: Path) -> Layer:
    source = folder / part.name

    def write(sink: Sink) -> None:
        if source.is_dir():
            with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload] # all it needs is write()
                archive.add(source, part.prefix, filter=as_engines_do)
        else:
            with source.open("rb") as archive_file:
                shutil.copyfileobj(archive_file, sink, CHUNK)

    return compress(part.name, part.compression, layout, write)


def compress(name: str, compression: str, layout: Path, write: Callable[["Sink"], None]) -> Layer:
    blob = layout / "blobs" / "sha256" / name
    with blob.open("wb") as file:
        sink = Sink(file, compression)
        write(sink)
        sink.close()
    named = blob.with_name(sink.digest.hexdigest())
    blob.rename(named)
    return Layer(name, named, f"layer.v1.tar+{compression}", sink.diff_id.hexdigest(), sink.unpacked)


def as_zstd(layout: Path) -> Path:
    """The folder of the same image with all layers packed by zstd; made once, beside the other."""
    target = layout.with_name(f"{layout.name}-zstd")
    if not (target / "index.json").exists():
        say("packing the image by zstd")
        (target / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            finish(target, list(pool.map(lambda layer: repack(*layer, target), layers(layout))))
    return target


def repack(name: str, path: Path, _: int, layout: Path) -> Layer:
    def write(sink: Sink) -> None:
        with path.open("rb") as blob:
            packed = iter(partial(blob.read, CHUNK), b"")
            for piece in inflate(packed, budgets=Budgets(), expected=from_hex(path.name)):
                sink.write(piece)

    return compress(name, "zstd", layout, write)


def as_engines_do(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = int(member.mtime)
    member.uid = member.gid = 0
    return member


class Sink:
    """Compresses what is written to it, as engines do, and takes both digests."""

    def __init__(self, file: BinaryIO, compression: str) -> None:
        gzip = zlib.compressobj(6, wbits=31)
        self._stream = gzip if compression == "gzip" else ZstdCompressor(3)
        self._file = file
        self.digest, self.diff_id = hashlib.sha256(), hashlib.sha256()
        self.unpacked = 0

    def write(self, content: bytes) -> int:
        self.diff_id.update(content)
        self.unpacked += len(content)
        self._put(self._stream.compress(content))
        return len(content)

    def close(self) -> None:
        self._put(self._stream.flush())

    def _put(self, packed: bytes) -> None:
        self.digest.update(packed)
        self._file.write(packed)


def finish(layout: Path, packed: list[Layer]) -> None:
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.diff_id}" for layer in packed]},
        "history": [{"created_by": layer.name, "comment": str(layer.unpacked)} for layer in packed],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}manifest.v1+json",
        "config": blob(layout, config, "config.v1+json"),
        "layers": [descriptor(layer.path, layer.media_type) for layer in packed],
    }
    entry = blob(layout, manifest, "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": NAME}
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


def blob(layout: Path, document: object, media_type: str) -> dict[str, object]:
    content = json.dumps(document).encode()
    path = layout / "blobs" / "sha256" / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return descriptor(path, media_type)


def descriptor(path: Path, media_type: str) -> dict[str, object]:
    return {"mediaType": OCI + media_type, "digest": f"sha256:{path.name}", "size": path.stat().st_size}


def layers(layout: Path) -> Iterator[tuple[str, Path, int]]:
    """Of each layer: its name, its blob, and how many bytes it has unpacked."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob_path(layout, index["manifests"][0]).read_text())
    config = json.loads(blob_path(layout, manifest["config"]).read_text())
    for layer, step in zip(manifest["layers"], config["history"], strict=True):
        yield step["created_by"], blob_path(layout, layer), int(step["comment"])


def blob_path(layout: Path, described: dict[str, str]) -> Path:
    return layout / "blobs" / "sha256" / described["digest"].removeprefix("sha256:")

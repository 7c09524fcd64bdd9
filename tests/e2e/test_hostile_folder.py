"""A folder of hostile images, each given to `careen scan` as a person would: a result, or a sentence."""

import gzip
import json
import lzma
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from careen.model import digest

pytestmark = pytest.mark.e2e

OCI = "application/vnd.oci.image"
LAYER = f"{OCI}.layer.v1.tar+gzip"
LONGEST = 100.0  # seconds, for a machine under load; most need one
MEMORY = 200 << 20  # bytes
# The peak of a process begins with what its parent had: this one is small, pytest is not.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
sys.stdout.buffer.write(done.stdout)
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
sys.stdout.buffer.write(b"\\n%d %d" % (done.returncode, used))
"""
ESCAPES = "\x1b[31mred\x07\u202e"  # what could steer a terminal
RED = json.dumps(ESCAPES + "\0\n")


def tar(files: Mapping[str, bytes], links: Mapping[str, str] = {}) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
        for path, target in links.items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


SYSTEM = {
    "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n",
    "lib/apk/db/installed": b"P:libssl3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\n",
}
GOOD = gzip.compress(tar(SYSTEM), mtime=0)
NAMES = {
    f"{ESCAPES}/a-1.dist-info/METADATA": f"Name: {ESCAPES}\nVersion: 1\n".encode(),
    f"app/node_modules/{ESCAPES}/package.json": f'{{"name":{RED},"version":{RED}}}'.encode(),
    f"{ESCAPES}.jar": b"PK\3\4" + ESCAPES.encode() * 9,
}


def described(blob: bytes, kind: str) -> dict[str, object]:
    return {"mediaType": kind, "digest": digest.of(blob), "size": len(blob)}


def config(**fields: object) -> bytes:
    system = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
    return json.dumps(system | fields).encode()


@dataclass
class Layout:
    """An OCI layout, to be made worse."""

    folder: Path

    def put(self, blob: bytes, kind: str) -> dict[str, object]:
        self.blob(blob).write_bytes(blob)
        return described(blob, f"{OCI}.{kind}")

    def blob(self, blob: bytes) -> Path:
        path = self.folder / "blobs" / "sha256" / digest.of(blob).partition(":")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def index(self, *manifests: Mapping[str, object]) -> None:
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))

    def image(
        self,
        layers: Sequence[bytes] = (GOOD,),
        of: bytes = config(),
        first: dict[str, object] = {},  # noqa: B006 - never changed
        **fields: object,
    ) -> None:
        """`first` and `fields` stand in place of what the first layer and the manifest say."""
        entries = [self.put(layer, "layer.v1.tar+gzip") for layer in layers]
        entries[:1] = [entry | first for entry in entries[:1]]
        manifest = {"schemaVersion": 2, "config": self.put(of, "config.v1+json"), "layers": entries, **fields}
        self.manifest(json.dumps(manifest).encode())

    def manifest(self, body: bytes) -> None:
        self.index(self.put(body, "manifest.v1+json"))

    def instead(self, target: str) -> None:
        """An image whose layer is a link."""
        self.image()
        self.blob(GOOD).unlink()
        self.blob(GOOD).symlink_to(target)


def pipe(layout: Layout) -> None:
    layout.image()
    layout.blob(GOOD).unlink()
    os.mkfifo(layout.blob(GOOD))


def nested(layout: Layout, depth: int = 100) -> None:
    entry = layout.put(b"{}", "index.v1+json")
    for _ in range(depth):
        body = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
        entry = layout.put(body, "index.v1+json")
    layout.index(entry)


def itself(layout: Layout) -> None:
    """No index can name its own digest; that of a liar can."""
    named = {"mediaType": f"{OCI}.index.v1+json", "digest": "sha256:" + "2" * 64, "size": 99}
    layout.blob(b"")
    layout.index(named)
    body = (layout.folder / "index.json").read_bytes()
    (layout.folder / "blobs" / "sha256" / ("2" * 64)).write_bytes(body)


def changed(layout: Layout) -> None:
    """Other bytes of the same size behind the digest."""
    layer = gzip.compress(tar({"a": b"1"}), mtime=0)
    layout.image([layer])
    layout.blob(layer).write_bytes(layer[:-1] + bytes([layer[-1] ^ 1]))


def saved(folder: Path, **files: bytes) -> None:
    """A docker-archive."""
    named = {name.replace("_", "."): content for name, content in files.items()}
    (folder / "image.tar").write_bytes(tar({"c.json": config(), **named}))


def listed(*layers: str, **fields: object) -> bytes:
    return json.dumps([{"Config": "c.json", "RepoTags": ["a:b"], "Layers": layers, **fields}]).encode()


def bomb(folder: Path) -> None:
    header = tarfile.TarInfo("zeros")
    header.size = 1 << 40
    packed = gzip.compress(bytes(64 << 20))
    (folder / "image.tar").write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT)) + packed * 20)


def links(folder: Path) -> None:
    chain = {f"l{number}": f"l{number + 1}" for number in range(50_000)}
    (folder / "image.tar").write_bytes(tar({"c.json": config(), "manifest.json": listed("l0")}, chain))


def packed(folder: Path) -> None:
    saved(folder, manifest_json=listed("l.tar"))
    (folder / "image.tar").write_bytes(lzma.compress((folder / "image.tar").read_bytes()))


Make = Callable[[Layout], None]
OK = ""  # it is scanned
LAYOUTS: dict[str, tuple[Make, str]] = {
    "an honest one": (lambda image: image.image(), OK),
    "two thousand layers": (lambda image: image.image([GOOD] * 1999), "CAREEN_BUDGET_LAYERS"),
    "more than two thousand layers": (lambda image: image.image([GOOD] * 2001), "2001 items"),
    "the same layer a hundred times": (lambda image: image.image([GOOD] * 100), OK),
    "another size": (lambda image: image.image(first={"size": 5}), "not 5 bytes long"),
    "a negative size": (lambda image: image.image(first={"size": -5}), "whole number"),
    "a huge size": (lambda image: image.image(first={"size": 10**30}), "whole number"),
    "a size of many digits": (
        lambda image: image.manifest(b'{"schemaVersion":' + b"9" * 1_000_000 + b"}"), "no JSON"
    ),
    "a digest that is a path": (
        lambda image: image.image(first={"digest": "sha256:../../../../../../etc/passwd"}), "no digest"
    ),
    "a digest that nothing has": (
        lambda image: image.image(first={"digest": "sha256:" + "1" * 64}), "is missing"
    ),
    "other bytes": (changed, "corrupt-layer"),
    "a media type that lies": (
        lambda image: image.image(first={"mediaType": f"{OCI}.layer.v1.tar+zstd"}), OK
    ),
    "a media type for the terminal": (lambda image: image.image(first={"mediaType": ESCAPES}), "printable"),
    "an unknown schema": (lambda image: image.image(schemaVersion=7), "schemaVersion must be 2"),
    "Docker's schema 1": (lambda image: image.image(schemaVersion=1), "schema 1 is not supported"),
    "JSON without a bottom": (
        lambda image: image.manifest(b'{"config":' + b"[" * 100_000), "nested more than"
    ),
    "the same key many times": (
        lambda image: image.manifest(b"{" + b'"a":1,' * 400_000 + b'"b":2}'), "stands twice"
    ),
    "a config of noise": (lambda image: image.image(of=b"\xff\0{"), "no JSON"),
    "a history of anything": (
        lambda image: image.image(of=config(history=[None, 5, {"created_by": 5}, {"created_by": ESCAPES}])),
        OK,
    ),
    "a history without end": (lambda image: image.image(of=config(history=[{}] * 100_000)), OK),
    "a system for the terminal": (lambda image: image.image(of=config(os=ESCAPES)), "printable"),
    "names for the terminal": (
        lambda image: image.image([gzip.compress(tar(SYSTEM | NAMES), mtime=0)]), OK
    ),
    "a layer that is empty": (lambda image: image.image([b""]), "no-packages"),
    "no layers": (lambda image: image.image([]), "no-packages"),
    "nested indexes": (nested, "nested more than"),
    "an index that names itself": (itself, "another digest"),
    "a layer that is a pipe": (pipe, "no regular file"),
    "a layer that is a device": (lambda image: image.instead("/dev/zero"), "leads out of the folder"),
    "a layer that is a file elsewhere": (
        lambda image: image.instead("../../../../../../../etc/passwd"), "leads out of the folder"
    ),
    "a layer that is a link to itself": (
        lambda image: image.instead(image.blob(GOOD).name), "leads nowhere|is missing"
    ),
}  # fmt: skip
ARCHIVES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a bomb": (bomb, "CAREEN_BUDGET_RATIO"),
    "a chain of links": (links, "is missing"),
    "packed with xz": (packed, "compressed with xz"),
    "names for the terminal": (
        lambda folder: saved(folder, manifest_json=listed(ESCAPES, RepoTags=[ESCAPES])), "printable"
    ),
    "a list of anything": (
        lambda folder: saved(folder, manifest_json=b'[{"Config":5,"RepoTags":{"a":1},"Layers":"x"}]'),
        "must be",
    ),
    "the list as a layer": (lambda folder: saved(folder, manifest_json=listed("manifest.json")), "layers"),
    "a layer elsewhere": (lambda folder: saved(folder, manifest_json=listed("/etc/passwd")), "is missing"),
}  # fmt: skip


@pytest.fixture
def scanned(advised_data: Path, feeds_mirror: str) -> Iterator[Callable[[Path], tuple[int, str]]]:
    """Runs `careen scan`; returns its exit status and all that it said."""
    before = {path.name for path in advised_data.iterdir()}

    def run(target: Path) -> tuple[int, str]:
        environment = {**os.environ, "CAREEN_DATA": str(advised_data), "CAREEN_FEEDS_MIRROR": feeds_mirror}
        command = [sys.executable, "-m", "careen", "scan", str(target), "--offline"]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *command], env=environment, capture_output=True, check=True
        )
        assert time.monotonic() - began < LONGEST
        said, _, counted = done.stdout.decode().rpartition("\n")
        status, memory = map(int, counted.split())
        assert memory < MEMORY
        return status, said

    yield run
    assert {path.name for path in advised_data.iterdir()} == before


def check(status: int, said: str, expected: str) -> None:
    assert "Traceback" not in said
    assert all(char.isprintable() or char == "\n" for char in said)
    assert status == bool(expected), said
    assert not expected or any(each in said for each in expected.split("|")), said


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_hostile_layout_is_scanned_or_refused(
    name: str, scanned: Callable[[Path], tuple[int, str]], tmp_path: Path
) -> None:
    make, expected = LAYOUTS[name]
    make(Layout(tmp_path / "image"))
    check(*scanned(tmp_path / "image"), expected)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_scanned_or_refused(
    name: str, scanned: Callable[[Path], tuple[int, str]], tmp_path: Path
) -> None:
    make, expected = ARCHIVES[name]
    make(tmp_path)
    check(*scanned(tmp_path / "image.tar"), expected)

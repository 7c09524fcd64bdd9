"""Images to open: real ones of the project's image builder, and layouts written here, byte by byte."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from careen.images import manifest as manifests

BUILDER = Path(__file__).parents[3] / "shared" / "images" / "build_images.py"
REAL_IMAGE = "alpine-lite-3.18"  # layers: gzip, zstd, plain tar


def missing(reason: str) -> None:
    """Skips aloud; where everything must be there it fails."""
    if os.environ.get("CI") == "true" and "skopeo" in reason:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OCI layout of a small Alpine image, as a builder wrote it."""
    if not BUILDER.exists():
        missing(f"the image builder is not beside the repository ({BUILDER})")
    if shutil.which("zstd") is None:
        missing("the image builder needs zstd")
    out = tmp_path_factory.mktemp("images")
    subprocess.run([sys.executable, BUILDER, out, REAL_IMAGE], check=True, capture_output=True)
    return out / REAL_IMAGE


@pytest.fixture
def skopeo(tmp_path: Path) -> Callable[..., None]:
    def run(*arguments: str) -> None:
        if shutil.which("skopeo") is None:
            missing("skopeo is not installed: apt-get install skopeo")
        environment = {**os.environ, "HOME": str(tmp_path), "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
        subprocess.run(["skopeo", *arguments], check=True, timeout=120, env=environment, capture_output=True)

    return run


class Layout:
    """An OCI layout that is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def path(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.replace(":", "/")

    def blob(self, media_type: str, data: bytes) -> dict[str, Any]:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.path(digest).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def document(self, media_type: str, fields: Mapping[str, object]) -> dict[str, Any]:
        return self.blob(
            media_type, json.dumps({"schemaVersion": 2, "mediaType": media_type, **fields}).encode()
        )

    def image(self, layers: Sequence[bytes], platform: str = "linux/amd64") -> dict[str, Any]:
        """The descriptor of an image of these layers."""
        os_name, architecture = platform.split("/")
        diff_ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]
        config = {"os": os_name, "architecture": architecture, "rootfs": {"diff_ids": diff_ids}}
        described = self.document(
            manifests.OCI_MANIFEST,
            {
                "config": self.blob(manifests.OCI_CONFIG, json.dumps(config).encode()),
                "layers": [self.blob("application/vnd.oci.image.layer.v1.tar", layer) for layer in layers],
            },
        )
        return {**described, "platform": {"os": os_name, "architecture": architecture}}

    def index(self, *children: Mapping[str, object]) -> dict[str, Any]:
        return self.document(manifests.OCI_INDEX, {"manifests": children})

    def finish(self, **images: Mapping[str, object]) -> Path:
        """Writes index.json with the images by their names; "_" stands for no name."""
        named = [
            {**image, **({} if name == "_" else {"annotations": {"org.opencontainers.image.ref.name": name}})}
            for name, image in images.items()
        ]
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": named}))
        return self.folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def tar_of() -> Callable[..., bytes]:
    """A tar of paths and contents; a content that is a tuple is a link of that type and target."""

    def make(members: Mapping[str, bytes | tuple[bytes, str]], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002 - tarfile's word
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
            for path, content in members.items():
                info = tarfile.TarInfo(path)
                if isinstance(content, tuple):
                    info.type, info.linkname = content
                    tar.addfile(info)
                else:
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
        return buffer.getvalue()

    return make

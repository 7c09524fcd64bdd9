"""The clients that people use: skopeo, buildah, oras and helm."""

import filecmp
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from careen.model.registry import Image

INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
BUILDER = Path(__file__).parents[3] / "shared" / "images" / "build_images.py"

COPY = ("skopeo", "copy", "--preserve-digests")  # to the byte, or an error

Tool = Callable[..., "subprocess.CompletedProcess[str]"]
WriteLayout = Callable[..., Path]


def layer(text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("etc/motd")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


def blobs(layout: Path) -> Path:
    return layout / "blobs" / "sha256"


def assert_same_blobs(pushed: Path, pulled: Path) -> None:
    names = sorted(path.name for path in blobs(pulled).iterdir())
    assert len(names) >= 3  # manifest, config, layer
    assert set(names) <= {path.name for path in blobs(pushed).iterdir()}
    assert filecmp.cmpfiles(blobs(pushed), blobs(pulled), names, shallow=False)[0] == names


def test_skopeo_pushes_and_pulls_an_image(
    tool: Tool, write_layout: WriteLayout, address: str, name: str, tmp_path: Path
) -> None:
    pushed, pulled = write_layout({"linux/amd64": layer("hello")}), tmp_path / "pulled"
    reference = f"docker://{address}/{name}:v1"
    tool(*COPY, "--dest-tls-verify=false", f"oci:{pushed}:latest", reference)
    tool(*COPY, "--src-tls-verify=false", reference, f"oci:{pulled}:latest")
    assert_same_blobs(pushed, pulled)
    listed = json.loads(
        tool("skopeo", "list-tags", "--tls-verify=false", f"docker://{address}/{name}").stdout
    )
    assert listed["Tags"] == ["v1"]
    tool("skopeo", "inspect", "--tls-verify=false", reference)


def test_skopeo_pushes_and_pulls_docker_s_schema_2(
    tool: Tool, write_layout: WriteLayout, http: httpx.Client, address: str, name: str, tmp_path: Path
) -> None:
    reference = f"docker://{address}/{name}:v1"
    layout = write_layout({"linux/amd64": layer("hello")})
    tool("skopeo", "copy", "--dest-tls-verify=false", "--format=v2s2", f"oci:{layout}:latest", reference)
    assert http.get(f"/{name}/manifests/v1").headers["content-type"] == DOCKER
    tool(*COPY, "--src-tls-verify=false", reference, f"docker-archive:{tmp_path / 'out.tar'}")
    assert tarfile.is_tarfile(tmp_path / "out.tar")


def test_skopeo_pushes_and_pulls_an_index_with_all_its_images(  # noqa: PLR0913, PLR0917 - one fixture each
    tool: Tool,
    write_layout: WriteLayout,
    http: httpx.Client,
    address: str,
    name: str,
    tmp_path: Path,
    arrived: list[Image],
) -> None:
    pushed = write_layout({"linux/amd64": layer("amd64"), "linux/arm64": layer("arm64")})
    pulled, reference = tmp_path / "pulled", f"docker://{address}/{name}:v1"
    tool(*COPY, "--all", "--dest-tls-verify=false", f"oci:{pushed}:latest", reference)
    assert http.get(f"/{name}/manifests/v1").headers["content-type"] == INDEX
    assert len({image.digest for image in arrived}) == 3
    tool(*COPY, "--all", "--src-tls-verify=false", reference, f"oci:{pulled}:latest")
    assert_same_blobs(pushed, pulled)


def test_skopeo_deletes_an_image(
    tool: Tool, write_layout: WriteLayout, http: httpx.Client, address: str, name: str
) -> None:
    reference = f"docker://{address}/{name}:v1"
    layout = write_layout({"linux/amd64": layer("hello")})
    tool(*COPY, "--dest-tls-verify=false", f"oci:{layout}:latest", reference)
    tool("skopeo", "delete", "--tls-verify=false", reference)
    assert http.get(f"/{name}/tags/list").json()["tags"] == []


def test_skopeo_pushes_with_credentials_too(
    tool: Tool, write_layout: WriteLayout, address: str, name: str
) -> None:
    layout = write_layout({"linux/amd64": layer("hello")})
    tool("skopeo", "login", "--tls-verify=false", "-u", "iam", "-p", "secret", address)
    reference = f"docker://{address}/{name}:v1"
    tool(*COPY, "--dest-tls-verify=false", f"oci:{layout}:latest", reference)


def test_buildah_pushes_an_image_made_from_scratch(
    tool: Tool, http: httpx.Client, address: str, name: str, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("buildah without user namespaces needs root")
    storage = ["--storage-driver=vfs", f"--root={tmp_path / 'root'}", f"--runroot={tmp_path / 'run'}"]
    (tmp_path / "motd").write_text("hello")
    container = tool("buildah", *storage, "from", "scratch").stdout.strip()
    tool("buildah", *storage, "copy", container, tmp_path / "motd", "/etc/motd")
    tool("buildah", *storage, "commit", container, "local")
    reference = f"docker://{address}/{name}:v1"
    tool("buildah", *storage, "push", "--tls-verify=false", "local", reference)
    manifest = http.get(f"/{name}/manifests/v1").json()
    data = http.get(f"/{name}/blobs/{manifest['layers'][0]['digest']}").content
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        motd = tar.extractfile("etc/motd")
        assert motd is not None
        assert motd.read() == b"hello"


ORAS = """
import sys
import oras.client
address, target, pushed, out = sys.argv[1:]
client = oras.client.OrasClient(hostname=address, insecure=True, tls_verify=False)
answer = client.push(target=target, files=[pushed + ":application/spdx+json"], disable_path_validation=True)
assert answer.status_code == 201, answer.text
print(client.get_tags(target), client.pull(target=target, outdir=out))
"""


def test_oras_pushes_and_pulls_an_artifact(address: str, name: str, tmp_path: Path) -> None:
    sbom, out = tmp_path / "sbom.json", tmp_path / "out"
    sbom.write_text('{"spdxVersion": "SPDX-2.3"}')
    command = [sys.executable, "-c", ORAS, address, f"{address}/{name}:v1", str(sbom), str(out)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "['v1']" in done.stdout
    (pulled,) = out.rglob("sbom.json")
    assert pulled.read_text() == sbom.read_text()


def test_helm_pushes_and_pulls_a_chart(tool: Tool, address: str, name: str, tmp_path: Path) -> None:
    if shutil.which("helm") is None:
        pytest.skip("helm is not installed, and no package of Debian's has it")
    tool("helm", "create", tmp_path / "web")
    tool("helm", "package", tmp_path / "web", "--destination", tmp_path)
    packed = tmp_path / "web-0.1.0.tgz"
    tool("helm", "push", packed, f"oci://{address}/{name}", "--plain-http")
    (tmp_path / "out").mkdir()
    pulled = ["--version", "0.1.0", "--plain-http", "--destination", tmp_path / "out"]
    tool("helm", "pull", f"oci://{address}/{name}/web", *pulled)
    assert (tmp_path / "out" / packed.name).read_bytes() == packed.read_bytes()


def test_a_real_image_goes_in_and_comes_out(tool: Tool, address: str, name: str, tmp_path: Path) -> None:
    if not BUILDER.exists():
        pytest.skip(f"the builder of test images is not there: {BUILDER}")
    subprocess.run(
        [sys.executable, BUILDER, tmp_path, "alpine-lite-3.18"], check=True, capture_output=True, timeout=120
    )
    pushed, pulled = tmp_path / "alpine-lite-3.18", tmp_path / "pulled"
    reference = f"docker://{address}/{name}:v1"
    tool(*COPY, "--dest-tls-verify=false", f"oci:{pushed}", reference)
    tool(*COPY, "--src-tls-verify=false", reference, f"oci:{pulled}")
    assert_same_blobs(pushed, pulled)
    for path in blobs(pulled).iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name

"""An example image, made here: what a small Alpine service might look like, with package versions of 2023."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass

OCI = "application/vnd.oci.image"

_OS_RELEASE = """\
NAME="Alpine Linux"
ID=alpine
VERSION_ID=3.18.2
PRETTY_NAME="Alpine Linux v3.18"
"""

_APK_PACKAGES = [  # name, version, origin
    ("alpine-baselayout", "3.4.3-r1", "alpine-baselayout"),
    ("busybox", "1.36.1-r0", "busybox"),
    ("ssl_client", "1.36.1-r0", "busybox"),
    ("libcrypto3", "3.1.1-r1", "openssl"),
    ("libssl3", "3.1.1-r1", "openssl"),
    ("musl", "1.2.4-r0", "musl"),
    ("libcurl", "8.1.2-r0", "curl"),
    ("zlib", "1.2.13-r1", "zlib"),
]

_PYTHON_PACKAGES = [
    ("requests", "2.30.0"),
    ("urllib3", "1.26.15"),
    ("Jinja2", "3.1.2"),
    ("itsdangerous", "2.1.2"),
]


@dataclass(frozen=True, slots=True)
class ExampleImage:
    manifest: bytes
    blobs: dict[str, bytes]  # digest -> bytes


def build() -> ExampleImage:
    """Two layers: the distribution, and an application's Python packages above it."""
    tars = [_tar(_system_files()), _tar(_application_files())]
    layers = [gzip.compress(tar, mtime=0) for tar in tars]
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/bin/sh"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in tars]},
            "history": [
                {"created_by": "ADD alpine-minirootfs /"},
                {"created_by": "RUN pip install requests jinja2"},
            ],
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": _descriptor(config, "config.v1+json"),
            "layers": [_descriptor(layer, "layer.v1.tar+gzip") for layer in layers],
        }
    ).encode()
    return ExampleImage(manifest, {_digest(blob): blob for blob in (config, *layers)})


def _system_files() -> dict[str, str]:
    stanzas = [
        f"P:{name}\nV:{version}\nA:x86_64\no:{origin}\nT:example\n" for name, version, origin in _APK_PACKAGES
    ]
    return {"etc/os-release": _OS_RELEASE, "lib/apk/db/installed": "\n".join(stanzas) + "\n"}


def _application_files() -> dict[str, str]:
    folder = "usr/lib/python3.11/site-packages"
    return {
        f"{folder}/{name}-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        for name, version in _PYTHON_PACKAGES
    }


def _tar(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _descriptor(blob: bytes, kind: str) -> dict[str, object]:
    return {"mediaType": f"{OCI}.{kind}", "digest": _digest(blob), "size": len(blob)}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()

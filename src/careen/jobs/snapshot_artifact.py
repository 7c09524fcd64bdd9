"""A snapshot as an OCI artifact: in a layout folder, in a layout in one tar file, or in a registry.

manifest   artifactType application/vnd.careen.snapshot.v1, an empty config (image-spec, manifest.md,
           "Guidelines for Artifact Usage"), annotations that name the content's digest and its format
layer      application/vnd.careen.snapshot.v1.sqlite+zstd, the SQLite file
"""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from careen.images.manifest import OCI_INDEX, OCI_MANIFEST
from careen.matching import schema

ARTIFACT = "application/vnd.careen.snapshot.v1"
LAYER = "application/vnd.careen.snapshot.v1.sqlite+zstd"
DIGEST = "dev.careen.snapshot.digest"  # of the content; annotation of the manifest
_FORMAT = "dev.careen.snapshot.format"
_TAG = "org.opencontainers.image.ref.name"
_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_LEVEL = 9  # of zstd: a fifth of the file in a few seconds


@dataclass(frozen=True, slots=True)
class Artifact:
    manifest: bytes
    blobs: Mapping[str, Path]  # by their digests, without the manifest

    @property
    def digest(self) -> str:
        return _digest(self.manifest)


def pack(snapshot: Path, work: Path) -> Artifact:
    """The snapshot at `snapshot` as an artifact, with its blobs as files in `work`."""
    packed, empty = work / "layer", work / "config"
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with snapshot.open("rb") as source, packed.open("wb") as target:
        compressor.copy_stream(source, target, size=snapshot.stat().st_size)
    empty.write_bytes(_EMPTY)
    with packed.open("rb") as file:
        layer = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": {"mediaType": _EMPTY_TYPE, "digest": _digest(_EMPTY), "size": len(_EMPTY)},
        "layers": [
            {
                "mediaType": LAYER,
                "digest": layer,
                "size": packed.stat().st_size,
                "annotations": {"org.opencontainers.image.title": f"{snapshot.name}.zst"},
            }
        ],
        "annotations": {DIGEST: f"sha256:{snapshot.stem}", _FORMAT: str(schema.VERSION)},
    }
    return Artifact(json.dumps(manifest, indent=1).encode(), {layer: packed, _digest(_EMPTY): empty})


def write_layout(artifact: Artifact, folder: Path, tag: str, before: bytes = b"") -> None:
    """An OCI image layout (image-spec, image-layout.md); `before` is the index.json that was there.

    The index comes last, so whoever is interrupted leaves the layout as it was.
    """
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for digest, path in artifact.blobs.items():
        _place(blobs / digest.partition(":")[2], path)
    _place(blobs / artifact.digest.partition(":")[2], artifact.manifest)
    _place(folder / "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    _place(folder / "index.json", json.dumps(_index(artifact, tag, before), indent=1).encode())


def write_tar(layout: Path, file: Path) -> None:
    """The layout as one file, the same bytes whenever and by whomever it is made."""
    with tarfile.open(file, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(each for each in layout.rglob("*") if each.is_file()):
            member = tarfile.TarInfo(path.relative_to(layout).as_posix())
            member.size, member.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)


def _index(artifact: Artifact, tag: str, before: bytes) -> Mapping[str, object]:
    """The index with this artifact under `tag`; what is there under other tags stays."""
    index: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    if before:
        index = json.loads(before)
    others = [each for each in index["manifests"] if each.get("annotations", {}).get(_TAG) != tag]
    own = {
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "digest": artifact.digest,
        "size": len(artifact.manifest),
        "annotations": {_TAG: tag},
    }
    return {**index, "manifests": [*others, own]}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _place(path: Path, content: bytes | Path) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    if isinstance(content, Path):
        shutil.copyfile(content, unfinished)
    else:
        unfinished.write_bytes(content)
    unfinished.replace(path)

"""Brings snapshots out and in: for sites without a network, and for many machines that share one.

What comes in is trusted in nothing: not its compression, not its tables, not its values. It is verified by
the digests of the artifact and by that of its content, before it takes the place of the active snapshot.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zstandard

from careen.errors import Error, Exhausted, Invalid, NotFound
from careen.images import manifest as manifests
from careen.images import reference as references
from careen.images.opened import Source, verify
from careen.images.place import Access
from careen.images.push import push
from careen.images.source import open_source
from careen.jobs import snapshot_artifact
from careen.matching.files import activate, current, publish, unfinished
from careen.matching.snapshot import InvalidSnapshot
from careen.matching.verification import verified
from careen.model.manifest import Descriptor, Manifest

_LARGEST = 16 << 30  # bytes of a snapshot
_RATIO = 100  # bytes for each byte of its compressed form, above
_SMALL = 64 << 20  # bytes
_CHUNK = 1 << 20
_DEEPEST = 4  # indexes in each other
_TAG = "latest"


@dataclass(frozen=True, slots=True)
class Exchange:
    snapshots: Path  # the folder
    access: Access
    say: Callable[[str], object]  # tells a person what is at work

    def bring_out(self, target: str) -> str:
        """Writes the active snapshot to `target` and gives its digest.

        `oci:DIR[:TAG]` is an OCI layout, `docker://REFERENCE` or a name that begins with a host a registry,
        anything else a file. Raises NotFound where there is no snapshot yet, and Invalid.
        """
        active = current(self.snapshots)
        if active is None or not active.is_file():
            raise NotFound("there is no snapshot yet: run `careen feeds update`")
        with tempfile.TemporaryDirectory(prefix="export-", dir=self.snapshots) as folder:
            self.say(f"packing snapshot {active.stem[:12]}")
            work = Path(folder)
            artifact = snapshot_artifact.pack(active, work)
            try:
                self._write(artifact, target, work)
            except OSError as error:
                raise Invalid(f"{target} cannot be written: {error.strerror}") from None
        return f"sha256:{active.stem}"

    def _write(self, artifact: snapshot_artifact.Artifact, target: str, work: Path) -> None:
        if target.startswith("oci:"):
            folder, tag = _folder_and_tag(target.removeprefix("oci:"))
            snapshot_artifact.write_layout(artifact, folder, tag, _index_of(folder))
        elif reference := _registry(target):
            self.say(f"pushing to {reference}")
            push(reference, self.access, artifact.blobs, artifact.manifest)
        else:
            file = Path(target)
            snapshot_artifact.write_layout(artifact, work / "layout", _TAG)
            half = file.with_name(f".{file.name}.unfinished")
            try:
                snapshot_artifact.write_tar(work / "layout", half)
                publish(half, file)
            finally:
                half.unlink(missing_ok=True)

    def bring_in(self, target: str, *, expected: str = "") -> str:
        """Makes the snapshot that `target` holds the active one, and gives its digest.

        `target` is what `bring_out` wrote, by any of its names. `expected` is the digest that its content
        must have; "" = the one that it claims. Raises Invalid for all that is damaged, foreign or another
        format's; the active snapshot is then as it was.
        """
        self.snapshots.mkdir(parents=True, exist_ok=True)
        with unfinished(self.snapshots) as file:
            try:
                claimed = self._unpack(target, file)
                self.say("verifying it")
                digest = f"sha256:{verified(file)}"
            except InvalidSnapshot as error:
                raise InvalidSnapshot(f"{target} is refused: {error.message}") from None
            for wanted, by in ((expected, "was asked for"), (claimed, "it claims to be")):
                if wanted and wanted != digest:
                    raise InvalidSnapshot(f"{target} is refused: it is {digest}, and {wanted} {by}")
            path = self.snapshots / f"{digest.partition(':')[2]}.sqlite"
            file.chmod(0o444)
            publish(file, path)
        activate(self.snapshots, path)
        return digest

    def _unpack(self, target: str, file: Path) -> str:
        """Writes the SQLite file, and gives the digest that the artifact claims."""
        with open_source(target, work=self.snapshots, access=self.access) as source:
            body, manifest = _manifest(source, target)
            (layer,) = manifest.layers
            found = source.layer(layer)
            self.say(f"unpacking {layer.size:,} bytes")
            with found.path.open("rb") as packed:
                packed.seek(found.offset)
                _inflate(_Bounded(packed, layer), file)
        return _claimed(body)


class _Bounded:
    """The bytes of a layer, and no more; `finish` says whether they are those of its digest."""

    def __init__(self, file: object, layer: Descriptor) -> None:
        self._read = file.read  # type: ignore[attr-defined]  # a binary file
        self._left = layer.size
        self._hash = hashlib.sha256()
        self.layer = layer

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._read(min(self._left, _CHUNK if size < 0 else size))
        self._left -= len(data)
        self._hash.update(data)
        return data

    def finish(self) -> None:
        while self.read():
            pass
        if self._left or f"sha256:{self._hash.hexdigest()}" != self.layer.digest:
            raise InvalidSnapshot(f"its layer {self.layer.digest} is damaged")


def _inflate(packed: _Bounded, file: Path) -> None:
    most = min(_LARGEST, max(_SMALL, packed.layer.size * _RATIO))
    written = 0
    try:
        with file.open("wb") as target:
            for chunk in zstandard.ZstdDecompressor().read_to_iter(packed, read_size=_CHUNK):  # type: ignore[arg-type]  # it reads
                written += len(chunk)
                if written > most:
                    raise Exhausted(f"a snapshot of more than {most} bytes")
                target.write(chunk)
    except zstandard.ZstdError as error:
        raise InvalidSnapshot(f"its layer is no zstd: {error}") from None
    packed.finish()


def _manifest(source: Source, target: str) -> tuple[bytes, Manifest]:
    """The artifact's manifest; raises Invalid where there is none, or another thing's."""
    body, manifest = source.root()
    for _ in range(_DEEPEST):
        if not manifest.is_index:
            break
        digests = {child.digest: child for child in manifest.children}
        if len(digests) != 1:
            raise Invalid(f"{target} holds {len(digests)} things; name one by its tag")
        (child,) = digests.values()
        body = verify(source.read(child), child)
        manifest = manifests.parse(body, child.media_type)
    if [layer.media_type for layer in manifest.layers] != [snapshot_artifact.LAYER]:
        raise InvalidSnapshot("it is no snapshot of careen, but something else")
    return body, manifest


def _claimed(body: bytes) -> str:
    annotations = json.loads(body).get("annotations") or {}
    return str(annotations.get(snapshot_artifact.DIGEST, ""))


def _folder_and_tag(text: str) -> tuple[Path, str]:
    folder, _, tag = text.rpartition(":")
    if folder and "/" not in tag:
        references.parse(f"localhost/x:{tag}")  # raises for what is no tag
        return Path(folder), tag
    return Path(text), _TAG


def _index_of(folder: Path) -> bytes:
    """What a layout lists; "" where there is none yet. Raises Invalid for a folder that is something else."""
    index = folder / "index.json"
    if index.is_file():
        body = index.read_bytes()
        if not manifests.parse(body).is_index:
            raise Invalid(f"{index} is no index")
        return body
    if folder.is_dir() and any(folder.iterdir()):
        raise Invalid(f"{folder} is neither empty nor an OCI layout")
    return b""


def _registry(target: str) -> references.Reference | None:
    """A name that begins with a host, unless its first part is a folder here."""
    name = target.removeprefix("docker://")
    first, slash, _ = name.partition("/")
    is_host = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    if name == target and (not is_host or target.startswith(".") or Path(first).is_dir()):
        return None
    try:
        return references.parse(name)
    except Error as error:
        raise Invalid(error.message) from None

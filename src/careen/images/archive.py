"""Images in one tar file: as `docker save` writes them, or an OCI layout in a tar (skopeo's oci-archive).

docker-archive has no specification but moby's image/tarexport and its manifest.json. Layers are handed on as
byte ranges of the tar; nothing is unpacked.
"""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from careen.errors import Invalid, NotFound
from careen.images import documents, layout
from careen.images import manifest as manifests
from careen.images.documents import Fields
from careen.images.inflate import FOREIGN
from careen.images.opened import Ambiguous, LayerBytes, MissingBlob, Progress, Source, WrongDigest
from careen.images.place import Place
from careen.images.reference import same_image
from careen.images.tarindex import InvalidTar, Member, TarIndex, index
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.model.manifest import Descriptor, Manifest
from careen.zstd import ZstdError, ZstdFile

PREFIXES = ("docker-archive:", "oci-archive:")

_LIST = "manifest.json"  # of a docker-archive
_INDEX = "index.json"  # of an OCI layout
_CHUNK = 1 << 20
_MAX_LISTED = 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_CONFIG_NAME = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")


def claims(path: Path) -> bool:
    return path.is_file()


@contextmanager
def open_source(place: Place) -> Iterator[Source]:
    path = _unpacked(place)
    with path.open("rb") as file:
        tar = _Tar(place.text, path, file, _index(place, path, file))
        # `docker save` has written both since version 25, and the layout has the true digests.
        is_layout = tar.has(_INDEX) and tar.has("oci-layout") and place.prefix != "docker-archive:"
        if is_layout:
            yield LayoutArchive(tar, place.name)
        elif tar.has(_LIST) and place.prefix != "oci-archive:":
            yield DockerArchive(tar, place.name, place.progress)
        else:
            raise Invalid(f"{place.text} is no image: a tar without {_LIST} or {_INDEX}")


def _index(place: Place, path: Path, file: BinaryIO) -> TarIndex:
    try:
        return index(file, path.stat().st_size)
    except InvalidTar as error:
        raise InvalidTar(f"{place.text} is no archive of images: {error.message}") from error


@dataclass(frozen=True, slots=True)
class _Tar:
    name: str  # as it was asked for
    path: Path
    file: BinaryIO
    members: TarIndex

    def has(self, name: str) -> bool:
        return self.members.find(name) is not None

    def member(self, name: str) -> Member:
        member = self.members.find(name)
        if member is None:
            raise MissingBlob(f"{name[:200]} is missing in {self.name}")
        return member

    def content(self, name: str) -> bytes:
        """At most one byte more than a document may have."""
        member = self.member(name)
        self.file.seek(member.offset)
        return self.file.read(min(member.size, documents.LIMIT + 1))

    def chunks(self, member: Member) -> Iterator[bytes]:
        self.file.seek(member.offset)
        left = member.size
        while chunk := self.file.read(min(left, _CHUNK)):
            left -= len(chunk)
            yield chunk


@dataclass(frozen=True, slots=True)
class LayoutArchive:
    """An OCI layout in a tar."""

    tar: _Tar
    name: str

    def root(self) -> tuple[bytes, Manifest]:
        return layout.narrow(self.tar.content(_INDEX), self.name, self.tar.name)

    def has(self, descriptor: Descriptor) -> bool:
        return self.tar.has(layout.blob_path(descriptor.digest))

    def read(self, descriptor: Descriptor) -> bytes:
        return self.tar.content(layout.blob_path(descriptor.digest))

    def layer(self, descriptor: Descriptor) -> LayerBytes:
        member = self.tar.member(layout.blob_path(descriptor.digest))
        if member.size != descriptor.size:
            raise WrongDigest(f"the layer {descriptor.digest} is not {descriptor.size} bytes long")
        return LayerBytes(descriptor.digest, member.size, self.tar.path, member.offset)


@dataclass(frozen=True, slots=True)
class _Layer:
    digest: Digest
    member: Member
    is_gzip: bool

    def described(self) -> Mapping[str, object]:
        media_type = manifests.DOCKER_LAYER + (".gzip" if self.is_gzip else "")
        return {"mediaType": media_type, "size": self.member.size, "digest": self.digest}


class DockerArchive:
    """What `docker save` writes. It has no manifest, so one is made of the config and the layers as found."""

    def __init__(self, tar: _Tar, name: str, progress: Progress) -> None:
        image = _image_called(name, documents.load(tar.content(_LIST)), tar.name)
        self._tar = tar
        self._config = tar.content(image.text("Config"))
        _check_name(image.text("Config"), self._config)
        layers = _digested(tar, image.texts("Layers"), progress)
        _check_layers(self._config, layers)
        self._layers = {layer.digest: layer for layer in layers}
        self._manifest = _manifest(self._config, layers)

    def root(self) -> tuple[bytes, Manifest]:
        return self._manifest, manifests.parse(self._manifest)

    def has(self, descriptor: Descriptor) -> bool:
        return descriptor.digest in self._layers

    def read(self, descriptor: Descriptor) -> bytes:  # noqa: ARG002 - the config is the only document
        return self._config

    def layer(self, descriptor: Descriptor) -> LayerBytes:
        member = self._layers[descriptor.digest].member
        return LayerBytes(descriptor.digest, member.size, self._tar.path, member.offset)


def _digested(tar: _Tar, names: Sequence[str], progress: Progress) -> list[_Layer]:
    """The layers with the digest of their bytes as found; of many links to one file the file is read once."""
    members = [tar.member(name) for name in names]
    total = sum(member.size for member in set(members))
    layers: dict[Member, _Layer] = {}
    done = 0
    for member in dict.fromkeys(members):
        hashed, magic = hashlib.sha256(), b""
        for chunk in tar.chunks(member):
            magic = magic or chunk[:2]
            hashed.update(chunk)
            done += len(chunk)
            progress("reading the archive", done, total)
        layers[member] = _Layer(digests.from_hex(hashed.hexdigest()), member, magic == _GZIP)
    return [layers[member] for member in members]


def _image_called(name: str, listed: object, where: str) -> Fields:
    """The entry of manifest.json for `name`, or the only one there is."""
    images = list(Fields(_LIST, {"images": listed}).children("images"))
    tags = [image.texts("RepoTags") for image in images]
    wanted = [
        image
        for image, names in zip(images, tags, strict=True)
        if not name or any(same_image(name, one) for one in names)
    ]
    if len(wanted) == 1:
        return wanted[0]
    there = ", ".join([one for names in tags for one in names][:_MAX_LISTED]) or "images without a name"
    if not wanted:
        raise NotFound(f"{where} has no image {name or 'at all'}; it has: {there}")
    raise Ambiguous(f"{where} has several images; choose one by its name: {there}")


def _check_name(name: str, config: bytes) -> None:
    """Docker names the config by its digest."""
    named = _CONFIG_NAME.fullmatch(name)
    if named and named[1] != hashlib.sha256(config).hexdigest():
        raise WrongDigest(f"the content of {name[:200]} has another digest")


def _check_layers(config: bytes, layers: Sequence[_Layer]) -> None:
    """The config gives each layer's digest as a plain tar; of a compressed one it is not known here."""
    rootfs = documents.load_object(config, "the image's config").child("rootfs")
    diff_ids = rootfs.texts("diff_ids")
    if len(diff_ids) != len(layers):
        raise Invalid(f"{_LIST} has {len(layers)} layers, the image's config {len(diff_ids)}")
    for diff_id, layer in zip(diff_ids, layers, strict=True):
        if not layer.is_gzip and layer.digest != diff_id:
            raise WrongDigest(f"the content of layer {diff_id} has another digest")


def _manifest(config: bytes, layers: Sequence[_Layer]) -> bytes:
    described = {"mediaType": manifests.DOCKER_CONFIG, "size": len(config), "digest": digests.of(config)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": manifests.DOCKER_MANIFEST,
        "config": described,
        "layers": [layer.described() for layer in layers],
    }
    return json.dumps(manifest).encode()


def _unpacked(place: Place) -> Path:
    """The archive itself, or a copy of it in the work folder without its compression."""
    with place.path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        if magic.startswith(_GZIP):
            return _spool(gzip.open(file), place)
        if magic.startswith(_ZSTD):
            return _spool(ZstdFile(file), place)
        for beginning, name in FOREIGN.items():
            if magic.startswith(beginning):
                raise Invalid(f"{place.text} is compressed with {name}; gzip and zstd can be read")
    return place.path


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _spool(stream: _Readable, place: Place) -> Path:
    """Within the budgets of a layer: a bomb would fill the disk."""
    target, budgets = place.work / "archive.tar", place.budgets
    written, ratio = 0, place.path.stat().st_size * place.budgets.ratio
    with target.open("wb") as file:
        while chunk := _next_chunk(stream, place.text):
            written += file.write(chunk)
            budgets.check("inflated", written, f"bytes of {place.text}, unpacked")
            if written > max(budgets.ratio_floor, ratio):
                raise budgets.exceeded("ratio", f"{written} bytes unpacked from {place.text}")
            place.progress("unpacking the archive", written, 0)
    return target


def _next_chunk(stream: _Readable, where: str) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (EOFError, gzip.BadGzipFile, zlib.error, ZstdError) as error:
        raise Invalid(f"{where} is damaged: {error}") from error

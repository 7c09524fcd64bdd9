"""An image that was found: its manifest and config, and where the bytes of its layers are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from careen.errors import Invalid, NotFound
from careen.images import documents
from careen.images import manifest as manifests
from careen.images.manifest import InvalidManifest, NoSuchPlatform
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.model.manifest import Descriptor, Manifest, Platform
from careen.model.problem import Problem, ProblemKind

Progress = Callable[[str, int, int], None]  # what is at work, bytes done, bytes in all

_MAX_NESTING = 4  # indexes within indexes


class WrongDigest(Invalid):
    """Bytes are not those that their digest and size promise."""


class MissingBlob(NotFound): ...


class NotAnImage(Invalid):
    """An artifact without a file system: a signature, a chart, an SBOM."""


class Ambiguous(Invalid):
    """Several images answer to what was asked for; the message lists them."""


@dataclass(frozen=True, slots=True)
class LayerBytes:
    """A layer as it was stored or sent (mostly compressed): `size` bytes of the file `path` from `offset` on.

    Only bytes that came over the network, or that had no digest before, are known to match `digest`.
    """

    digest: Digest
    size: int
    path: Path
    offset: int = 0


@dataclass(frozen=True, slots=True)
class OpenedImage:
    reference: str  # as it was asked for
    manifest: Manifest
    body: bytes  # of the manifest
    config: Mapping[str, object]  # image-spec, config.md; only its being a JSON object is checked
    config_body: bytes
    layers: tuple[LayerBytes, ...]  # the lowest first
    platform: Platform | None
    problems: tuple[Problem, ...] = ()  # layers that cannot be had

    @property
    def size(self) -> int:
        """Bytes of config and layers together, as they are stored."""
        config = self.manifest.config
        return (config.size if config else 0) + sum(layer.size for layer in self.manifest.layers)


class Source(Protocol):
    """A place that holds an image. `read` and `layer` raise MissingBlob for what is not there."""

    def root(self) -> tuple[bytes, Manifest]:
        """The manifest or index that was asked for, and its bytes."""

    def has(self, descriptor: Descriptor) -> bool:
        """False only if the blob is known not to be there."""

    def read(self, descriptor: Descriptor) -> bytes:
        """A manifest or config, not verified; at most one byte more than `documents.LIMIT`."""

    def layer(self, descriptor: Descriptor) -> LayerBytes: ...


def assemble(source: Source, reference: str, platform: Platform | None) -> OpenedImage:
    """The image for `platform` (None = any, this machine's first) that the source holds.

    Raises NotAnImage, NoSuchPlatform, MissingBlob, WrongDigest and InvalidManifest.
    """
    body, manifest = _image_manifest(source, platform)
    if manifest.config is None or not manifests.is_image(manifest):
        raise NotAnImage(f"{reference} is no container image but {_kind(manifest)}")
    config_body = _verified(source, manifest.config)
    config = documents.load_object(config_body, "the image's config")
    found = _platform(config)
    if platform and found and not manifests.matches(found, platform):
        raise NoSuchPlatform(f"{reference} is for {found}, not for {platform}")
    layers, problems = _layers(source, manifest)
    return OpenedImage(reference, manifest, body, config.fields, config_body, layers, found, problems)


def verify(body: bytes, descriptor: Descriptor) -> bytes:
    found = digests.of(body, digests.algorithm(descriptor.digest))
    if len(body) != descriptor.size or found != descriptor.digest:
        raise WrongDigest(f"the content of {descriptor.digest} has another digest or size")
    return body


def _image_manifest(source: Source, platform: Platform | None) -> tuple[bytes, Manifest]:
    body, manifest = source.root()
    for _ in range(_MAX_NESTING):
        if not manifest.is_index:
            break
        # An archive often keeps the index of all platforms, but the image of one.
        present = [child for child in manifest.children if source.has(child)]
        child = manifests.choose(present, platform)
        body = _verified(source, child)
        manifest = manifests.parse(body, child.media_type)
    if manifest.is_index:
        raise InvalidManifest(f"indexes are nested more than {_MAX_NESTING} deep")
    return body, manifest


def _verified(source: Source, descriptor: Descriptor) -> bytes:
    if descriptor.size > documents.LIMIT:
        raise InvalidManifest(f"{descriptor.digest} has {descriptor.size} bytes, too many for a document")
    return verify(source.read(descriptor), descriptor)


def _layers(source: Source, manifest: Manifest) -> tuple[tuple[LayerBytes, ...], tuple[Problem, ...]]:
    layers, problems = [], []
    for descriptor in manifest.layers:
        try:
            layers.append(source.layer(descriptor))
        except MissingBlob:
            if not manifests.is_foreign(descriptor):
                raise
            message = f"layer {descriptor.digest} is kept elsewhere"
            problems.append(Problem(ProblemKind.FOREIGN_LAYER, "", message))
    return tuple(layers), tuple(problems)


def _platform(config: documents.Fields) -> Platform | None:
    os, architecture, variant = (config.text(name, default="") for name in ("os", "architecture", "variant"))
    return Platform(os, architecture, variant) if os and architecture else None


def _kind(manifest: Manifest) -> str:
    if manifest.config is None or manifest.config.media_type in manifests.IMAGE_CONFIGS:
        return "an artifact of " + ", ".join(sorted({layer.media_type for layer in manifest.layers})[:3])
    return f"an artifact of {manifest.config.media_type}"

"""Manifests: OCI image-spec v1.1 (manifest.md, image-index.md); Docker image manifest version 2, schema 2."""

import binascii
import platform as machine
import re
from collections.abc import Sequence

from careen.errors import Invalid, NotFound
from careen.images import documents
from careen.images.documents import Fields, InvalidDocument
from careen.model import digest as digests
from careen.model.manifest import Descriptor, Manifest, Platform, Referral

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MEDIA_TYPES = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)  # in the order of preference

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
IMAGE_CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})

DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"  # and ".gzip"
_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_FOREIGN = (
    "application/vnd.oci.image.layer.nondistributable.",
    "application/vnd.docker.image.rootfs.foreign.",
)
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"

_REFERENCE_TYPE = "vnd.docker.reference.type"  # docs.docker.com/build/metadata/attestations
_ATTESTATION = "attestation-manifest"
_HALF = re.compile("[\ud800-\udfff]")  # JSON can smuggle it in, and nobody can encode it (RFC 8259, 8.2)
_NOWHERE = Platform("unknown", "unknown")
_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")

# The names of Go's GOARCH for those of uname(2), and the variants that go without saying.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
_USUAL_VARIANTS = {"amd64": "v1", "arm64": "v8", "arm": "v7"}


class InvalidManifest(Invalid): ...


class NoSuchPlatform(NotFound): ...


def parse(body: bytes, media_type: str = "", *, algorithm: str = digests.CANONICAL) -> Manifest:
    """The manifest or index that `body` is; artifacts of any kind are manifests too.

    `media_type` is what the sender calls it ("" = nothing is known); where the document names its own, the
    two must agree. `algorithm` is that of its digest. Raises InvalidManifest, saying what is wrong.
    """
    try:
        document = documents.load_object(body)
        kind = _kind(document, media_type.partition(";")[0].strip())
        return _manifest(document, kind, body, algorithm)
    except InvalidDocument as error:
        raise InvalidManifest(f"invalid manifest: {error.message}") from error


def is_layer(descriptor: Descriptor) -> bool:
    """A layer of a file system that a registry keeps: neither foreign nor an artifact's content."""
    return descriptor.media_type.startswith(_LAYERS) and not is_foreign(descriptor)


def is_foreign(descriptor: Descriptor) -> bool:
    """A layer that is had from its `urls` only, as those of Windows' base images."""
    return descriptor.media_type.startswith(_FOREIGN)


def is_image(manifest: Manifest) -> bool:
    """It has a file system to look into: no index, and no signature in the guise of an image."""
    if manifest.config is None or manifest.config.media_type not in IMAGE_CONFIGS:
        return False
    return not manifest.layers or any(layer.media_type.startswith(_LAYERS) for layer in manifest.layers)


def choose(children: Sequence[Descriptor], platform: Platform | None) -> Descriptor:
    """The image of an index for `platform`; when None is given, for this machine, else the first image.

    Raises NoSuchPlatform, naming the platforms there are.
    """
    images = [child for child in children if not child.is_attestation]
    wanted = platform or this_platform()
    for child in images:
        if child.platform and matches(child.platform, wanted):
            return child
    unnamed = [child for child in images if child.platform is None]
    if images and platform is None:
        return images[0]
    if len(images) == len(unnamed) == 1:
        return images[0]
    there = ", ".join(sorted({str(child.platform or "unnamed") for child in images})) or "none"
    raise NoSuchPlatform(f"there is no image for {wanted}; there are: {there}")


def matches(offered: Platform, wanted: Platform) -> bool:
    """A variant that is not asked for may be any; one that is not said is the architecture's usual one."""
    if (offered.os, offered.architecture) != (wanted.os, wanted.architecture):
        return False
    usual = _USUAL_VARIANTS.get(wanted.architecture, "")
    return not wanted.variant or (offered.variant or usual) == wanted.variant


def this_platform() -> Platform:
    name = machine.machine().lower()
    return Platform("linux", _ARCHITECTURES.get(name, name))


def parse_platform(text: str) -> Platform:
    """`linux/arm64/v8` as people write it."""
    parts = text.split("/")
    if len(parts) not in {2, 3} or not all(parts):
        raise Invalid(f"{text[:100]!r} is no platform; write os/architecture[/variant], such as linux/arm64")
    return Platform(*parts)


def _kind(document: Fields, given: str) -> str:
    """The media type of the document: its own word, else the sender's, else what it looks like."""
    named = document.text("mediaType", default="")
    version = document.number("schemaVersion")
    if version == 1 or _SCHEMA_1 in f"{named} {given}":
        raise InvalidDocument("Docker schema 1 is not supported; push the image again with a current tool")
    if version != 2:  # noqa: PLR2004 - the version of both specifications
        raise InvalidDocument("schemaVersion must be 2")
    if named and named not in MEDIA_TYPES:
        raise InvalidDocument(f"{named[:100]!r} is no media type of a manifest")
    known = given if given in MEDIA_TYPES else ""
    if named and known and named != known:
        raise InvalidDocument(f"it was sent as {known} but calls itself {named}")
    looks = _looks_like(document)
    kind = named or known or looks
    if (kind in INDEXES) != (looks in INDEXES):
        raise InvalidDocument(f"it is called {kind} but looks like {looks}")
    return kind


def _looks_like(document: Fields) -> str:
    is_image = document.has("config") or document.has("layers")
    is_index = document.has("manifests") or ("manifests" in document.fields and not is_image)
    if is_index and is_image:
        raise InvalidDocument("it is a manifest and an index at once")
    if not is_index and not document.has("config"):
        raise InvalidDocument("it has neither a config nor manifests")
    return OCI_INDEX if is_index else OCI_MANIFEST


def _manifest(document: Fields, kind: str, body: bytes, algorithm: str) -> Manifest:
    config = None if kind in INDEXES else _descriptor(document.child("config"))
    return Manifest(
        media_type=kind,
        digest=digests.of(body, algorithm),
        size=len(body),
        config=config,
        layers=tuple(_descriptor(layer) for layer in document.children("layers")),
        children=tuple(_descriptor(child) for child in document.children("manifests")),
        referral=_referral(document, config),
    )


def _referral(document: Fields, config: Descriptor | None) -> Referral | None:
    """An image that does not say its type is of its config's (distribution-spec, "Listing Referrers")."""
    artifact_type = document.text("artifactType", default="") or (config.media_type if config else "")
    annotations = _annotations(document.child("annotations"))
    if not document.has("subject"):
        return None
    return Referral(_descriptor(document.child("subject")).digest, artifact_type, annotations)


def _annotations(fields: Fields) -> dict[str, str]:
    """Free text, also of several lines: certificates are among them."""
    found: dict[str, str] = {}
    for name, value in fields.fields.items():
        if not isinstance(value, str):
            raise InvalidDocument(f"{fields.where}.{name[:100]} must be text")
        if _HALF.search(name) or _HALF.search(value):
            raise InvalidDocument(f"{fields.where} holds half of a surrogate pair, which is no character")
        found[name] = value
    return found


def _descriptor(fields: Fields) -> Descriptor:
    annotations = fields.child("annotations")
    _annotations(annotations)
    platform = _platform(fields.child("platform")) if fields.has("platform") else None
    names = (annotations.text(name, default="") for name in _NAMES)
    described = Descriptor(
        media_type=fields.text("mediaType"),
        digest=fields.digest("digest"),
        size=fields.number("size"),
        platform=platform,
        urls=fields.texts("urls"),
        is_attestation=platform == _NOWHERE or annotations.text(_REFERENCE_TYPE, default="") == _ATTESTATION,
        names=tuple(name for name in names if name),
    )
    if fields.has("data"):
        _check_data(fields, described)
    return described


def _check_data(fields: Fields, described: Descriptor) -> None:
    """The content itself, in base64 (image-spec, descriptor.md#properties): others will trust it unread."""
    text = fields.fields["data"]
    try:
        data = binascii.a2b_base64(text.encode() if isinstance(text, str) else b"?", strict_mode=True)
    except ValueError as error:
        raise InvalidDocument(f"{fields.where}.data is no base64") from error
    found = digests.of(data, digests.algorithm(described.digest))
    if len(data) != described.size or found != described.digest:
        raise InvalidDocument(f"{fields.where}.data is not the content that digest and size describe")


def _platform(fields: Fields) -> Platform:
    return Platform(*(fields.text(name, default="") for name in ("os", "architecture", "variant")))

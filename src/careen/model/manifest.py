"""Manifests and what they point to (OCI image-spec v1.1; Docker image manifest version 2, schema 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from careen.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Platform:
    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    media_type: str
    digest: Digest
    size: int  # bytes
    platform: Platform | None = None
    urls: tuple[str, ...] = ()
    is_attestation: bool = False  # BuildKit's provenance or SBOM beside the image, not an image
    names: tuple[str, ...] = ()  # by which an OCI layout calls it (org.opencontainers.image.ref.name)


@dataclass(frozen=True, slots=True)
class Referral:
    """What a manifest says of itself to those who look for what refers to its subject."""

    subject: Digest  # of the manifest that it is about, which need not be there (yet)
    artifact_type: str  # "" = an index that does not say its type
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest (config and layers) or an image index (children)."""

    media_type: str
    digest: Digest
    size: int  # bytes of the manifest itself
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    referral: Referral | None = None  # of a signature, an SBOM and the like

    @property
    def is_index(self) -> bool:
        return self.config is None

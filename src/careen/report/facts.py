"""What a report says of the image itself."""

from dataclasses import dataclass

from careen.model.digest import Digest


@dataclass(frozen=True, slots=True)
class ImageFacts:
    reference: str  # as the user named it
    digest: Digest  # of the manifest
    platform: str = ""  # "linux/amd64"; "" = not known
    size: int = 0  # bytes of config and layers as stored
    layers: tuple[Digest, ...] = ()  # the lowest first

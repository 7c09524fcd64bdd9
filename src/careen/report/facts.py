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
    created_by: tuple[str, ...] = ()  # the command of each layer, as the image's builder says

    def command(self, layer: Digest | None) -> str:
        """What made the layer; "" = not known."""
        return next((by for each, by in zip(self.layers, self.created_by, strict=False) if each == layer), "")

"""Which of an image's layers can be read, and where their bytes are."""

from careen.images import manifest as manifests
from careen.images.opened import NotAnImage
from careen.jobs.child import LayerSource
from careen.model.manifest import Manifest
from careen.model.problem import Problem, ProblemKind
from careen.store.blob_files import LocalBlobs


def layer_sources(manifest: Manifest, blobs: LocalBlobs) -> tuple[list[LayerSource], list[Problem]]:
    """The layers, lowest first, and a Problem for each that is not here.

    Raises NotAnImage as `check_image` does.
    """
    check_image(manifest)
    sources, problems = [], []
    for layer in manifest.layers:
        if blobs.exists(layer.digest):
            sources.append(LayerSource(blobs.path(layer.digest), 0, layer.size, layer.digest))
        else:
            problems.append(Problem(ProblemKind.FOREIGN_LAYER, "", f"layer {layer.digest} is kept elsewhere"))
    return sources, problems


def check_image(manifest: Manifest) -> None:
    """Raises NotAnImage, in the words of Yandex' service, for an index, a Helm chart or another artifact."""
    if not manifests.is_image(manifest):
        raise NotAnImage(f"Image media type is not supported: {_kind(manifest)}")


def _kind(manifest: Manifest) -> str:
    return manifest.media_type if manifest.config is None else manifest.config.media_type

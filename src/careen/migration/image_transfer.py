"""Images from the source into careen: manifest, blobs and, of an index, the images within it."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from careen.errors import NotFound
from careen.images import manifest as manifests
from careen.migration.contents import Contents
from careen.migration.downloads import Downloads
from careen.migration.pulls import Pulls, WrongDigest
from careen.model import digest as digests
from careen.model import ids
from careen.model.digest import Digest
from careen.model.manifest import Descriptor, Manifest
from careen.model.registry import Blob, Image
from careen.store import images, restoring
from careen.store.database import Database

_DEEPEST = 4  # indexes within indexes


class TooDeep(WrongDigest): ...


@dataclass(frozen=True, slots=True)
class Lacking:
    """A blob that the source does not have any more, or has with other bytes."""

    image_id: str
    digest: Digest
    reason: str


class ImageTransfer:
    """Of one registry. Safe for threads, and to repeat."""

    def __init__(self, contents: Contents, pulls: Pulls, downloads: Downloads, database: Database) -> None:
        self._pulls = pulls
        self._downloads = downloads
        self._database = database
        self._images = {(image.name, image.digest): image for image in contents.images.values()}
        self._repositories = _repositories_by_blob(contents)
        self._lock = threading.Lock()
        self._lacking: dict[str, list[Lacking]] = {}

    @property
    def lacking(self) -> list[Lacking]:
        with self._lock:
            return [each for key in sorted(self._lacking) for each in self._lacking[key]]

    def bring(self, image: Image, depth: int = 0) -> None:
        """The image, kept without the blobs that cannot be had. Raises NotFound where the manifest is lost.

        Raises WrongDigest and InvalidManifest for one that cannot be kept, and Unavailable.
        """
        if depth > _DEEPEST:
            raise TooDeep(f"indexes are nested more than {_DEEPEST} deep")
        body, media_type = self._pulls.manifest(image.name, image.digest)
        manifest = manifests.parse(body, media_type, algorithm=digests.algorithm(image.digest))
        children = [self._child(image, child, depth) for child in manifest.children]
        lacking = list(self._bring_blobs(image, manifest))
        with self._database.write() as connection:
            restoring.put_image(connection, image, manifest, body, children)
        with self._lock:
            self._lacking[image.id] = lacking

    def _child(self, index: Image, child: Descriptor, depth: int) -> str:
        """The id of an index's image; one that the source does not list has none of its own there."""
        image = self._images.get((index.name, child.digest))
        if image is None:
            with self._database.read() as connection:
                image = images.by_digest(connection, index.repository_id, child.digest)
        if image is None:
            image = replace(index, id=ids.new(), digest=child.digest, config=None, layers=(), tags=())
        self.bring(image, depth + 1)
        return image.id

    def _bring_blobs(self, image: Image, manifest: Manifest) -> Iterator[Lacking]:
        named = [manifest.config, *manifest.layers] if manifest.config else []
        unique = {descriptor.digest: descriptor for descriptor in named}.values()
        known = {blob.digest: blob.id for blob in (image.config, *image.layers) if blob}
        arriving = [
            (
                descriptor,
                self._downloads.begin(_blob(descriptor, known), self._where(image, descriptor.digest)),
            )
            for descriptor in unique
        ]
        for descriptor, future in arriving:
            try:
                future.result()
            except (NotFound, WrongDigest) as error:
                if not descriptor.urls:  # a foreign layer is kept elsewhere, as it was at the source
                    yield Lacking(image.id, descriptor.digest, error.message)

    def _where(self, image: Image, digest: Digest) -> Sequence[str]:
        """The image's own repository first."""
        return list(dict.fromkeys([image.name, *self._repositories.get(digest, ())]))


def _blob(descriptor: Descriptor, known: Mapping[Digest, str]) -> Blob:
    return Blob(known.get(descriptor.digest, ""), descriptor.digest, descriptor.size)


def _repositories_by_blob(contents: Contents) -> Mapping[Digest, Sequence[str]]:
    found: defaultdict[Digest, dict[str, None]] = defaultdict(dict)
    for image in contents.images.values():
        for blob in (image.config, *image.layers):
            if blob:
                found[blob.digest][image.name] = None
    return {digest: list(names) for digest, names in found.items()}

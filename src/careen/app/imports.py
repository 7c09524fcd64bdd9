"""`careen import`: an image from a layout, an archive or another registry, into the data folder."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from careen.app import by_hand
from careen.app.workshop import Workshop
from careen.audit.changes import events_of
from careen.errors import NotFound, Unavailable
from careen.images import reference as references
from careen.images.opened import LayerBytes, OpenedImage
from careen.images.source import Access, open_image
from careen.jobs.layers import layer_sources
from careen.model.digest import Digest
from careen.model.manifest import Platform
from careen.model.registry import Image
from careen.store import blobs, images, journal, registries, repositories
from careen.store.blob_files import LocalBlobs

_PIECE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Import:
    workshop: Workshop
    access: Access
    say: Callable[[str], None]

    def bring(self, target: str, repository: str, *, platform: Platform | None) -> Image:
        """Copy the image into `<registry id>/<path>[:tag]`, tag it (`latest`) and index its layers.

        Raises Invalid for a name that is none, NotFound for an unknown registry, and what opening raises.
        """
        name, tag = references.repository_and_tag(repository)
        self._check_registry(name)
        with (
            tempfile.TemporaryDirectory(prefix="import-", dir=self.workshop.settings.data) as work,
            open_image(
                target,
                platform=platform,
                work=Path(work),
                access=self.access,
                budgets=self.workshop.budgets,
            ) as opened,
        ):
            trail = by_hand.opened_trail(self.workshop.settings)
            self._copy(opened)
            with journal.watching() as changes:
                image = self._record(opened, name, tag)
            trail.write(*events_of(self.workshop.database, changes, by_hand.origin(), {}))
            trail.require()
        self.say(f"indexing {len(opened.manifest.layers)} layers")
        sources, _ = layer_sources(opened.manifest, self.workshop.blobs)
        self.workshop.indexing.ensure(sources)
        return image

    def _check_registry(self, name: str) -> None:
        registry_id = name.partition("/")[0]
        with self.workshop.database.read() as connection:
            if registries.get(connection, registry_id) is None:
                raise NotFound.of("Registry", registry_id)

    def _copy(self, opened: OpenedImage) -> None:
        self.workshop.blobs.write(opened.config_body)
        for number, layer in enumerate(opened.layers, 1):
            if self._is_here(layer.digest):
                continue
            self.say(f"copying layer {number} of {len(opened.layers)}, {layer.size:,} bytes")
            _store(self.workshop.blobs, layer)

    def _is_here(self, digest: Digest) -> bool:
        """And will not be collected before the image is recorded."""
        with self.workshop.database.write() as connection:
            return blobs.touch(connection, digest) and self.workshop.blobs.exists(digest)

    def _record(self, opened: OpenedImage, name: str, tag: str) -> Image:
        config = opened.manifest.config
        assert config is not None
        here = [(config.digest, config.size), *((layer.digest, layer.size) for layer in opened.layers)]
        with self.workshop.database.write() as connection:
            repository = repositories.upsert(connection, name.partition("/")[0], name)
            for digest, size in here:
                blobs.add(connection, digest, size)
                blobs.link(connection, repository.id, digest)
                if not self.workshop.blobs.exists(digest):  # it took longer than unused blobs are kept
                    raise Unavailable(f"{digest} was cleared away meanwhile; import the image again")
            image = images.put(connection, repository, opened.manifest, opened.body)
            images.tag(connection, image, tag)
        return image


def _store(store: LocalBlobs, layer: LayerBytes) -> None:
    upload = str(uuid.uuid4())
    store.append(upload, 0, _pieces(layer))
    store.commit(upload, layer.digest)


def _pieces(layer: LayerBytes) -> Iterator[bytes]:
    with layer.path.open("rb") as file:
        file.seek(layer.offset)
        left = layer.size
        while left and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece

"""`careen scan`: one image, here and now, without a server."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from careen.app.workshop import Workshop
from careen.errors import Unavailable
from careen.images.opened import OpenedImage
from careen.images.place import Access
from careen.images.source import open_image
from careen.images.squash import squash
from careen.jobs.index_layer import LayerSource
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.finding import Verdict
from careen.model.manifest import Platform
from careen.report import ImageFacts


@dataclass(frozen=True, slots=True)
class OneShot:
    workshop: Workshop
    access: Access
    say: Callable[[str], None]  # tells a person what is at work

    def scan(
        self, target: str, *, platform: Platform | None, offline: bool
    ) -> tuple[Verdict, ImageFacts]:
        """What the target holds and which vulnerabilities are in it; raises the kinds of careen.errors.

        Without a snapshot of advisories one is built first; `offline` refuses that instead (Unavailable).
        """
        snapshot = self._snapshot(offline=offline)
        with tempfile.TemporaryDirectory(prefix="scan-", dir=self.workshop.settings.data) as work:
            opened = open_image(target, platform=platform, work=Path(work), access=self.access, progress=self._progress)
            with opened as image:
                return match(self._inventory(image), snapshot), facts(image)

    def _inventory(self, image: OpenedImage) -> Inventory:
        self.say(f"reading {len(image.layers)} layers")
        sources = [
            LayerSource(layer.path, layer.offset, layer.size, layer.digest) for layer in image.layers
        ]
        inventory = squash(self.workshop.indexing.ensure(sources))
        return replace(inventory, problems=tuple(sorted({*inventory.problems, *image.problems})))

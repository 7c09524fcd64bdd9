"""`careen scan`: one image, here and now, without a server."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from careen.app.workshop import Workshop
from careen.errors import Unavailable
from careen.images.history import created_by
from careen.images.opened import OpenedImage
from careen.images.source import Access, open_image
from careen.images.squash import squash
from careen.jobs.child import LayerSource
from careen.matching.explanation import Explanation, explain
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.finding import Verdict
from careen.model.inventory import Inventory
from careen.model.manifest import Platform
from careen.report import ImageFacts


@dataclass(frozen=True, slots=True)
class OneShot:
    workshop: Workshop
    access: Access
    say: Callable[[str], None]  # tells a person what is at work

    def scan(self, target: str, *, platform: Platform | None, offline: bool) -> tuple[Verdict, ImageFacts]:
        """What the target holds and which vulnerabilities are in it; raises the kinds of careen.errors.

        Without a snapshot of advisories one is built first; `offline` refuses that instead (Unavailable).
        """
        with self._opened(target, platform) as image:
            snapshot = self._snapshot(offline=offline)
            with_headers = self.workshop.settings.kernel_headers
            verdict = match(self._inventory(image), snapshot, kernel_headers=with_headers)
            return verdict, _facts(image)

    def explain(
        self, target: str, vulnerability: str, package: str, *, platform: Platform | None, offline: bool
    ) -> tuple[Explanation, ImageFacts]:
        """Why the target has a vulnerability, or not; otherwise as `scan`."""
        with self._opened(target, platform) as image:
            return (
                explain(
                    self._inventory(image),
                    self._snapshot(offline=offline),
                    vulnerability,
                    package=package,
                    kernel_headers=self.workshop.settings.kernel_headers,
                ),
                _facts(image),
            )

    @contextmanager
    def _opened(self, target: str, platform: Platform | None) -> Iterator[OpenedImage]:
        with tempfile.TemporaryDirectory(prefix="scan-", dir=self.workshop.settings.data) as work:
            opened = open_image(
                target,
                work=Path(work),
                platform=platform,
                progress=self._progress,
                access=self.access,
                budgets=self.workshop.budgets,
            )
            with opened as image:
                yield image

    def _snapshot(self, *, offline: bool) -> Snapshot:
        if (snapshot := self.workshop.snapshots.current()) is not None:
            return snapshot
        if offline:
            raise Unavailable("there is no snapshot of advisories yet: run `careen feeds update`")
        self.say("no advisories yet: fetching them")
        from careen.app import refreshing  # noqa: PLC0415 - most scans need none of the feeds

        refreshing.refresh(self.workshop, progress=self.say)
        built = self.workshop.snapshots.current()
        if built is None:  # what was imported, by another version
            raise Unavailable("the snapshot here is of another version of careen: import one of this version")
        return built

    def _inventory(self, image: OpenedImage) -> Inventory:
        self.workshop.budgets.check("layers", len(image.layers), "layers of the image")
        sources = [LayerSource(layer.path, layer.offset, layer.size, layer.digest) for layer in image.layers]
        inventory = squash(self.workshop.indexing.ensure(sources), self.workshop.budgets)
        return replace(inventory, problems=tuple(sorted({*inventory.problems, *image.problems})))

    def _progress(self, what: str, done: int, total: int) -> None:
        if done == total:
            self.say(f"{what}: {total:,} bytes")


def _facts(image: OpenedImage) -> ImageFacts:
    return ImageFacts(
        image.reference,
        image.manifest.digest,
        str(image.platform or ""),
        image.size,
        tuple(layer.digest for layer in image.manifest.layers),
        created_by(image.config, len(image.manifest.layers)),
    )

"""Scans that nobody asks for by hand: on push, and again after a while (ScanPolicy)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import Connection

from careen.errors import Error
from careen.images import manifest as manifests
from careen.images.opened import NotAnImage
from careen.jobs.layers import layer_sources
from careen.model.policy import ScanPolicy
from careen.model.registry import Image, Operation
from careen.store import images, repositories, scan_policies, scans
from careen.store.blob_files import LocalBlobs
from careen.store.columns import now
from careen.store.database import Database

log = structlog.get_logger(__name__)

CALLER = "scan-policy"  # who such operations are created by
_AT_ONCE = 16  # scans that may be under way by policies: who asks by hand must not wait behind thousands


class Start(Protocol):
    """Begins a scan."""

    def __call__(self, image: Image, *, caller: str) -> Operation: ...


@dataclass(frozen=True, slots=True)
class ScanPolicies:
    database: Database
    blobs: LocalBlobs
    start: Start
    others: set[str] = field(default_factory=set)  # ids of what is no image, such as a chart

    def pushed(self, image: Image) -> None:
        """Scan the image if the push rule of its registry says so."""
        registry_id = image.name.partition("/")[0]
        with self.database.read() as connection:
            policy = scan_policies.of_registry(connection, registry_id)
        if policy is None or policy.disabled or policy.push_rule is None or policy.push_rule.disabled:
            return
        if policy.push_rule.covers(image.name, registry_id) and self._is_image(image.id):
            self.start(image, caller=CALLER)

    def rescan(self) -> int:
        """Begin the scans that are due; gives their number. To be called again and again."""
        with self.database.read() as connection:
            room = _AT_ONCE - scans.running(connection, CALLER)
            due = list(self._due(connection)) if room > 0 else []
        begun = 0
        for image_id in due:
            if begun >= room:
                break
            if self._is_image(image_id):
                begun += self._begin(image_id)
        return begun

    def _due(self, connection: Connection) -> Iterator[str]:
        moment = now()
        for policy in scan_policies.enabled(connection):
            yield from _due_by(connection, policy, moment)

    def _begin(self, image_id: str) -> bool:
        with self.database.read() as connection:
            image = images.get(connection, image_id)
        if image is None:
            return False
        try:
            self.start(image, caller=CALLER)
        except Error as error:
            log.warning("scan by policy not begun", image=image_id, reason=error.message)
            return False
        return True

    def _is_image(self, image_id: str) -> bool:
        """Whether there is anything to scan: not a chart, a signature or an index."""
        if image_id in self.others:
            return False
        try:
            with self.database.read() as connection:
                layer_sources(manifests.parse(images.body(connection, image_id)), self.blobs)
        except NotAnImage:
            self.others.add(image_id)
            return False
        except Error:  # the scan will say it
            return True
        return True


def _due_by(connection: Connection, policy: ScanPolicy, moment: datetime) -> Iterator[str]:
    for rule in policy.schedule_rules:
        if rule.disabled or rule.rescan_period is None:
            continue
        for repository in repositories.of_registry(connection, policy.registry_id):
            if rule.covers(repository.name, policy.registry_id):
                yield from scans.due(connection, repository.id, before=moment - rule.rescan_period)

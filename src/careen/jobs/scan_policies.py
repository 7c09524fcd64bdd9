"""Scans that nobody asks for by hand: on push, and again after a while (ScanPolicy)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeGuard

import structlog
from sqlalchemy import Connection

from careen.errors import Error
from careen.images.opened import NotAnImage
from careen.jobs import platforms
from careen.model.policy import ScanPolicy, ScanRule
from careen.model.registry import Image, Operation, Repository
from careen.store import images, repositories, scan_policies, scans
from careen.store.columns import now
from careen.store.database import Database

log = structlog.get_logger(__name__)

CALLER = "scan-policy"  # who such operations are created by
_AT_ONCE = 16  # scans that may be under way by policies: who asks by hand must not wait behind thousands
_PATIENCE = timedelta(minutes=1)  # in which the index comes that an untagged image is a part of


class Start(Protocol):
    """Begins a scan."""

    def __call__(self, image: Image, *, caller: str) -> Operation: ...


@dataclass(frozen=True, slots=True)
class ScanPolicies:
    database: Database
    start: Start
    others: set[str] = field(default_factory=set)  # ids of what is no image, such as a chart

    def pushed(self, image: Image) -> None:
        """Scan the image if the push rule of its registry says so.

        One without a tag may be a part of an index that is still to come: `rescan` sees to it.
        """
        registry_id = image.name.partition("/")[0]
        with self.database.read() as connection:
            policy = scan_policies.of_registry(connection, registry_id)
            stored = images.get(connection, image.id)
        if policy is None or policy.disabled or stored is None or not stored.tags:
            return
        if _is_active(policy.push_rule) and policy.push_rule.covers(image.name, registry_id):
            self._begin(image.id)

    def rescan(self) -> int:
        """Begin the scans that are due; gives their number. To be called again and again.

        Due is also what a push rule wants and a kill prevented.
        """
        with self.database.read() as connection:
            room = _AT_ONCE - scans.running(connection, CALLER)
            due = list(dict.fromkeys(_due(connection))) if room > 0 else []
        begun = 0
        for image_id in due:
            if begun >= room:
                break
            begun += self._begin(image_id)
        return begun

    def _begin(self, image_id: str) -> bool:
        if image_id in self.others:
            return False
        try:
            with self.database.read() as connection:
                image = images.get(connection, image_id)
                if image is None:
                    return False
                platforms.parts(connection, image)
            self.start(image, caller=CALLER)
        except NotAnImage:  # a chart or a signature
            self.others.add(image_id)
            return False
        except Error as error:
            log.warning("scan by policy not begun", image=image_id, reason=error.message)
            return False
        return True


def _is_active(rule: ScanRule | None) -> TypeGuard[ScanRule]:
    return rule is not None and not rule.disabled


def _due(connection: Connection) -> Iterator[str]:
    moment = now()
    for policy in scan_policies.enabled(connection):
        for repository in repositories.of_registry(connection, policy.registry_id):
            yield from _due_in(connection, policy, repository, moment)


def _due_in(
    connection: Connection, policy: ScanPolicy, repository: Repository, moment: datetime
) -> Iterator[str]:
    """Those of the repository's images that were pushed and never scanned, then those of the schedule."""
    rules = [rule for rule in (policy.push_rule, *policy.schedule_rules) if _is_active(rule)]
    for rule in rules:
        if not rule.covers(repository.name, policy.registry_id):
            continue
        if rule.rescan_period is None:
            since, until = policy.created_at, moment - _PATIENCE
            yield from scans.missed(connection, repository.id, since=since, until=until)
        else:
            yield from scans.due(connection, repository.id, before=moment - rule.rescan_period)

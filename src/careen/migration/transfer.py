"""Writing what careen lacks: first who may come in, then images, last what acts on images."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from careen.errors import Error, Unauthenticated, Unavailable
from careen.migration.contents import Contents
from careen.migration.image_transfer import ImageTransfer
from careen.migration.progress import Progress
from careen.migration.source import Source
from careen.model.registry import Image, ScanResult
from careen.store import access_bindings, ip_permissions, lifecycle, restoring, scan_policies
from careen.store.database import Database

_GIVE_UP = 10  # failures in a row because the source cannot be reached
Row = TypeVar("Row", Image, ScanResult)


@dataclass(slots=True)
class Transfer:
    source: Source
    database: Database
    connections: int
    progress: Progress
    failures: list[str] = field(default_factory=list)  # what could not be brought at all, and why

    def bring(
        self, contents: Contents, here: Contents, images: ImageTransfer, retried: Iterable[str]
    ) -> None:
        """All of one registry that is not `here`, and again the images that are `retried`.

        What one image or scan result is refused (IP permissions, a role on a repository) costs no other.
        Raises Unauthenticated, and Unavailable when the source does not answer any more; what is written
        until then stays.
        """
        with self.database.write() as connection:
            _put_frame(connection, contents, self.source.withheld)
        wanted = {*retried, *(contents.images.keys() - here.images.keys())}
        self._each([each for id_, each in contents.images.items() if id_ in wanted], images.bring, "images")
        with self.database.write() as connection:
            brought = restoring.known_images(connection, contents.images)
            _put_tags(connection, contents, brought)
        missing = [each for id_, each in contents.scan_results.items() if id_ not in here.scan_results]
        self._each([each for each in missing if each.image_id in brought], self._scan, "scan results")
        with self.database.write() as connection:
            _put_policies(connection, contents, here)

    def _scan(self, scan: ScanResult) -> None:
        found = self.source.findings(scan)
        with self.database.write() as connection:
            restoring.put_scan(connection, scan, found)

    def _each(self, rows: Sequence[Row], bring: Callable[[Row], None], what: str) -> None:
        """In parallel, in their order. One that fails is told and costs no other."""
        with ThreadPoolExecutor(self.connections, thread_name_prefix=what) as threads:
            futures: dict[Future[None], Row] = {threads.submit(bring, row): row for row in rows}
            try:
                self._await(futures, what)
            finally:
                for future in futures:
                    future.cancel()

    def _await(self, futures: dict[Future[None], Row], what: str) -> None:
        in_a_row = 0
        for done, future in enumerate(as_completed(futures), 1):
            try:
                future.result()
            except Unauthenticated:
                raise
            except Error as error:
                in_a_row = in_a_row + 1 if isinstance(error, Unavailable) else 0
                self.failures.append(f"{what}: {futures[future].id}: {error.message}")
                if in_a_row == _GIVE_UP:
                    raise
            else:
                in_a_row = 0
            self.progress.count(what, done, len(futures))


def _put_frame(connection: Connection, contents: Contents, withheld: AbstractSet[str]) -> None:
    """What IP permissions there are stay where the source's may not be read: none would open the registry."""
    for registry in contents.registries.values():
        restoring.put_registry(connection, registry)
        own = [each.permission for each in contents.ip_permissions if each.registry_id == registry.id]
        if registry.id not in withheld:
            ip_permissions.put(connection, registry.id, own)
    for repository in contents.repositories.values():
        restoring.put_repository(connection, repository)
    for resource in dict.fromkeys(each.resource for each in contents.access_bindings):
        own_bindings = [each.binding for each in contents.access_bindings if each.resource == resource]
        access_bindings.put(connection, resource, own_bindings)


def _put_tags(connection: Connection, contents: Contents, here: AbstractSet[str]) -> None:
    """Of the images that are `here`."""
    wanted: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for image in contents.images.values():
        if image.id in here:
            wanted[image.repository_id] |= dict.fromkeys(image.tags, image.id)
    for repository_id, named in wanted.items():
        restoring.put_tags(connection, repository_id, named, here)


def _put_policies(connection: Connection, contents: Contents, here: Contents) -> None:
    """A policy that is not ACTIVE goes first: only one of a repository may be."""
    for policy in sorted(contents.lifecycle_policies.values(), key=lambda each: -each.status):
        put = lifecycle.change if policy.id in here.lifecycle_policies else lifecycle.add
        put(connection, policy)
    for run, affected in contents.dry_runs.values():
        restoring.put_dry_run(connection, run, affected)
    for scanned in contents.scan_policies.values():
        (scan_policies.change if scanned.id in here.scan_policies else scan_policies.add)(connection, scanned)

"""Which ids are taken, and by what: ids of all kinds look alike, and clients hand any of them about."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from careen.store.inserts import batched
from careen.store.tables import (
    blobs,
    dry_runs,
    images,
    lifecycle_policies,
    operations,
    registries,
    repositories,
    scan_policies,
    scan_results,
)

_KINDS = {
    "registries": registries,
    "repositories": repositories,
    "images": images,
    "blobs": blobs,
    "lifecycle_policies": lifecycle_policies,
    "dry_runs": dry_runs,
    "scan_policies": scan_policies,
    "scan_results": scan_results,
    "operations": operations,
}


def taken(connection: Connection, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of the ids that is there, with the kind of what has it ("images")."""
    for batch in batched(ids):
        for kind, table in _KINDS.items():
            found = connection.scalars(select(table.c.id).where(table.c.id.in_(batch)))
            yield from ((id_, kind) for id_ in found.all())

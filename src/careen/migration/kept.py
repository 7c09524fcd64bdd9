"""Reading careen's own database as the source is read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from careen.migration.contents import Binding, Contents, Permission
from careen.model.access import Resource, ResourceKind
from careen.model.policy import DryRun
from careen.model.registry import Repository, ScanResult, ScanStatus
from careen.store import (
    access_bindings,
    images,
    ip_permissions,
    lifecycle,
    registries,
    repositories,
    scan_policies,
    scans,
)
from careen.store.paging import Page

_ALL = Page(size=10_000_000)


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_Identified)


def contents(connection: Connection, registry_id: str) -> Contents:
    """All of the registry; nothing where there is none."""
    registry = registries.get(connection, registry_id)
    if registry is None:
        return Contents()
    found = repositories.page(connection, registry_id=registry_id, page=_ALL)
    policies = lifecycle.page(connection, registry_id=registry_id, page=_ALL)
    policy = scan_policies.of_registry(connection, registry_id)
    admitted = [Permission(registry_id, each) for each in ip_permissions.of_registry(connection, registry_id)]
    return Contents(
        registries=_by_id([registry]),
        repositories=_by_id(found),
        images=_by_id(images.page(connection, registry_id=registry_id, page=_ALL)),
        lifecycle_policies=_by_id(policies),
        dry_runs={
            run.id: (run, _affected(connection, run))
            for each in policies
            for run in _runs(connection, each.id)
        },
        scan_policies=_by_id([policy] if policy else []),
        ip_permissions={each: each for each in admitted},
        access_bindings={each: each for each in _bindings(connection, registry_id, found)},
        scan_results=_by_id(scan for each in found for scan in _scans(connection, each)),
    )


def _bindings(connection: Connection, registry_id: str, found: Iterable[Repository]) -> Iterator[Binding]:
    repositories_ = (Resource(ResourceKind.REPOSITORY, each.id) for each in found)
    for resource in (Resource(ResourceKind.REGISTRY, registry_id), *repositories_):
        yield from (Binding(resource, each) for each in access_bindings.of_resource(connection, resource))


def _by_id(rows: Iterable[Row]) -> Mapping[str, Row]:
    return {row.id: row for row in rows}


def _runs(connection: Connection, policy_id: str) -> Sequence[DryRun]:
    return lifecycle.dry_run_page(connection, policy_id, _ALL)


def _affected(connection: Connection, run: DryRun) -> tuple[str, ...]:
    return tuple(sorted(image.id for image in lifecycle.affected_page(connection, run.id, _ALL)))


def _scans(connection: Connection, repository: Repository) -> Sequence[ScanResult]:
    found = scans.page(connection, repository_id=repository.id, page=_ALL)
    return [scan for scan in found if scan.status is not ScanStatus.RUNNING]

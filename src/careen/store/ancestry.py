"""What a resource lies in: a registry in a folder, a repository in a registry, all else in a repository."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, Connection, Table, bindparam, select

from careen.model.access import CLOUD, Path, Resource, ResourceKind
from careen.store.memory import remembered
from careen.store.paging import Query
from careen.store.tables import (
    dry_runs,
    images,
    lifecycle_policies,
    registries,
    repositories,
    scan_policies,
    scan_results,
)

Find = Callable[[Connection, str], Path | None]


def _within(column: ColumnElement[str], child: Table | None = None) -> Query:
    """The path of the repository that has the value in the column, or has a `child` that does."""
    query = (
        select(repositories.c.id, registries.c.id, registries.c.folder_id)
        .select_from(repositories)
        .join(registries, registries.c.id == repositories.c.registry_id)
    )
    if child is not None:
        query = query.join(child, child.c.repository_id == repositories.c.id)
    return query.where(column == bindparam("value"))


# Asked at every call, so they are put together once.
_FOLDER = select(registries.c.folder_id).where(registries.c.id == bindparam("value"))
_BY_ID, _BY_NAME = _within(repositories.c.id), _within(repositories.c.name)
_BY_IMAGE, _BY_SCAN = _within(images.c.id, images), _within(scan_results.c.id, scan_results)
_BY_POLICY = _within(lifecycle_policies.c.id, lifecycle_policies)


def of_folder(folder_id: str) -> Path:
    """A folder is a label: there is every one."""
    return (Resource(ResourceKind.FOLDER, folder_id), CLOUD)


@remembered
def of_registry(connection: Connection, registry_id: str) -> Path | None:
    folder_id = connection.scalar(_FOLDER, {"value": registry_id})
    return None if folder_id is None else _of_registry(registry_id, folder_id)


@remembered
def of_repository(connection: Connection, repository_id: str) -> Path | None:
    return _found(connection, _BY_ID, repository_id)


@remembered
def of_name(connection: Connection, name: str) -> Path | None:
    """Of the repository of that name, or of the registry where it would be.

    So the answer to those who may see neither does not tell whether there is such a repository.
    """
    return _found(connection, _BY_NAME, name) or of_registry(connection, name.partition("/")[0])


@remembered
def of_image(connection: Connection, image_id: str) -> Path | None:
    return _found(connection, _BY_IMAGE, image_id)


@remembered
def of_scan_result(connection: Connection, scan_id: str) -> Path | None:
    return _found(connection, _BY_SCAN, scan_id)


@remembered
def of_lifecycle_policy(connection: Connection, policy_id: str) -> Path | None:
    return _found(connection, _BY_POLICY, policy_id)


@remembered
def of_dry_run(connection: Connection, dry_run_id: str) -> Path | None:
    query = select(dry_runs.c.policy_id).where(dry_runs.c.id == dry_run_id)
    policy_id = connection.scalar(query)
    return None if policy_id is None else of_lifecycle_policy(connection, policy_id)


@remembered
def of_scan_policy(connection: Connection, policy_id: str) -> Path | None:
    query = select(scan_policies.c.registry_id).where(scan_policies.c.id == policy_id)
    registry_id = connection.scalar(query)
    return None if registry_id is None else of_registry(connection, registry_id)


def _of_bound(connection: Connection, resource_id: str) -> Path | None:
    """Of what has access bindings."""
    return of_registry(connection, resource_id) or of_repository(connection, resource_id)


# By the field of a message that names the resource.
BY_FIELD: Mapping[str, Find] = MappingProxyType(
    {
        "registry_id": of_registry,
        "repository_id": of_repository,
        "repository_name": of_name,
        "image_id": of_image,
        "scan_result_id": of_scan_result,
        "lifecycle_policy_id": of_lifecycle_policy,
        "dry_run_lifecycle_policy_result_id": of_dry_run,
        "scan_policy_id": of_scan_policy,
        "resource_id": _of_bound,
    }
)


def _found(connection: Connection, query: Query, value: str) -> Path | None:
    row = connection.execute(query, {"value": value}).first()
    if row is None:
        return None
    repository_id, registry_id, folder_id = row
    return (Resource(ResourceKind.REPOSITORY, repository_id), *_of_registry(registry_id, folder_id))


def _of_registry(registry_id: str, folder_id: str) -> Path:
    return (Resource(ResourceKind.REGISTRY, registry_id), *of_folder(folder_id))

"""Repositories: made by the first push to their name."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, or_, select

from careen.model import ids
from careen.model.access import Resource, ResourceKind
from careen.model.registry import Repository
from careen.store import access_bindings, journal
from careen.store.columns import now
from careen.store.inserts import insert_new
from careen.store.journal import RepositoryMade
from careen.store.paging import Listed, Listing, Page, fetch
from careen.store.tables import images, registries, repositories

LISTING = Listing(
    key=repositories.c.id,
    fields={"name": repositories.c.name, "created_at": repositories.c.created_at},
    default=(("created_at", False),),
)

_BY_ID = select(repositories).where(repositories.c.id == bindparam("value"))
_BY_NAME = select(repositories).where(repositories.c.name == bindparam("value"))


def upsert(connection: Connection, registry_id: str, name: str) -> Repository:
    """The repository of that name, made where there is none; the registry must exist."""
    known = by_name(connection, name)
    if known is None:
        is_ours = _insert(connection, registry_id, name)
        known = by_name(connection, name)  # ours, or that of another who was faster
        assert known is not None
        if is_ours:
            journal.note(RepositoryMade(known))
    return known


def _insert(connection: Connection, registry_id: str, name: str) -> bool:
    row = {"id": ids.new(), "registry_id": registry_id, "name": name, "created_at": now()}
    return insert_new(connection, repositories, row)


def get(connection: Connection, repository_id: str) -> Repository | None:
    return _one(connection, _BY_ID, repository_id)


def by_name(connection: Connection, name: str) -> Repository | None:
    return _one(connection, _BY_NAME, name)


def page(
    connection: Connection, *, registry_id: str = "", folder_id: str = "", page: Page
) -> Listed[Repository]:
    """Repositories by time of creation; fields: name, created_at."""
    query = select(repositories)
    if registry_id:
        query = query.where(repositories.c.registry_id == registry_id)
    if folder_id:
        query = query.join(registries).where(registries.c.folder_id == folder_id)
    rows = fetch(connection, query, LISTING, page)
    return rows.made_into(map(_repository, rows))


def delete(connection: Connection, repository_id: str) -> None:
    """With all that is in it and the roles on it; blobs stay for the background."""
    access_bindings.forget_repository(connection, repository_id)
    connection.execute(repositories.delete().where(repositories.c.id == repository_id))


def has_images(connection: Connection, repository_id: str) -> bool:
    query = select(images.c.id).where(images.c.repository_id == repository_id).limit(1)
    return connection.scalar(query) is not None


def of_registry(connection: Connection, registry_id: str) -> Sequence[Repository]:
    """All of them, by name."""
    query = select(repositories).where(repositories.c.registry_id == registry_id)
    return [_repository(row) for row in connection.execute(query.order_by(repositories.c.name))]


def names(
    connection: Connection, *, after: str = "", limit: int = 0, within: Collection[Resource] | None = None
) -> Sequence[str]:
    """Names of repositories in lexical order, from the one that follows `after`; limit 0 = all.

    With `within`, only of those that are, or lie in, one of these resources.
    """
    query = select(repositories.c.name).where(repositories.c.name > after)
    if within is not None:
        query = query.where(_lies_in(within))
    return connection.scalars(query.order_by(repositories.c.name).limit(limit or None)).all()


def _lies_in(resources: Collection[Resource]) -> ColumnElement[bool]:
    ids = {kind: [each.id for each in resources if each.kind is kind] for kind in ResourceKind}
    folders = registries.c.folder_id.in_(ids[ResourceKind.FOLDER])
    return or_(
        repositories.c.id.in_(ids[ResourceKind.REPOSITORY]),
        repositories.c.registry_id.in_(ids[ResourceKind.REGISTRY]),
        repositories.c.registry_id.in_(select(registries.c.id).where(folders)),
    )


def _one(connection: Connection, query: Select[Any], value: str) -> Repository | None:
    row = connection.execute(query, {"value": value}).one_or_none()
    return None if row is None else _repository(row)


def _repository(row: Row[Any]) -> Repository:
    return Repository(id=row.id, registry_id=row.registry_id, name=row.name, created_at=row.created_at)

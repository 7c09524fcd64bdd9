"""Registries: the roofs over repositories."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from careen.errors import Exists
from careen.model.registry import Registry
from careen.store import access_bindings
from careen.store.inserts import insert_new
from careen.store.paging import Listed, Listing, Page, fetch
from careen.store.tables import images, registries

LISTING = Listing(
    key=registries.c.id,
    fields={"name": registries.c.name, "created_at": registries.c.created_at},
    default=(("created_at", False),),
)

_BY_ID = select(registries).where(registries.c.id == bindparam("id"))


def add(connection: Connection, registry: Registry) -> None:
    """Raises Exists when there is a registry of that id."""
    row = {
        "id": registry.id,
        "folder_id": registry.folder_id,
        "name": registry.name,
        "created_at": registry.created_at,
        "labels": dict(registry.labels),
    }
    if not insert_new(connection, registries, row):
        raise Exists(f"Registry {registry.id} already exists", resource=("Registry", registry.id))


def get(connection: Connection, registry_id: str) -> Registry | None:
    row = connection.execute(_BY_ID, {"id": registry_id}).one_or_none()
    return None if row is None else _registry(row)


def change(connection: Connection, registry: Registry) -> None:
    """Write name and labels of the registry of that id."""
    statement = update(registries).where(registries.c.id == registry.id)
    connection.execute(statement.values(name=registry.name, labels=dict(registry.labels)))


def delete(connection: Connection, registry_id: str) -> None:
    """With all that is in it and the roles on it; blobs stay for the background."""
    access_bindings.forget_registry(connection, registry_id)
    connection.execute(registries.delete().where(registries.c.id == registry_id))


def named(connection: Connection, folder_id: str, name: str) -> Registry | None:
    """The oldest of that name in the folder."""
    query = select(registries).where(registries.c.folder_id == folder_id, registries.c.name == name)
    row = connection.execute(query.order_by(registries.c.created_at, registries.c.id)).first()
    return None if row is None else _registry(row)


def has_images(connection: Connection, registry_id: str) -> bool:
    query = select(images.c.id).where(images.c.registry_id == registry_id).limit(1)
    return connection.scalar(query) is not None


def page(connection: Connection, folder_id: str, page: Page) -> Listed[Registry]:
    """The folder's registries by time of creation; fields: name, created_at."""
    query = select(registries).where(registries.c.folder_id == folder_id)
    rows = fetch(connection, query, LISTING, page)
    return rows.made_into(map(_registry, rows))


def folders(connection: Connection) -> Sequence[str]:
    """The ids of all folders that have a registry, in lexical order."""
    query = select(registries.c.folder_id).distinct().order_by(registries.c.folder_id)
    return connection.scalars(query).all()


def _registry(row: Row[Any]) -> Registry:
    return Registry(
        id=row.id, folder_id=row.folder_id, name=row.name, created_at=row.created_at, labels=row.labels
    )

"""Which blobs there are, and in which repositories one may see them. The bytes are in blob_files.

A blob that no image uses is collected (`jobs/garbage.py`) when it was not touched for a while. Whoever is
about to rely on a blob touches it in the same transaction: that locks its row, and the collector looks again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    exists,
    or_,
    select,
    update,
)

from careen.model import ids
from careen.model.digest import Digest
from careen.model.registry import Blob
from careen.store.columns import now
from careen.store.inserts import insert
from careen.store.tables import blobs, image_layers, images, repository_blobs


def add(connection: Connection, digest: Digest, size: int) -> Blob:
    """The row of a blob whose bytes are stored, or are published before the transaction ends."""
    moment = now()
    row = {"id": ids.new(), "digest": digest, "size": size, "created_at": moment, "touched_at": moment}
    statement = insert(connection, blobs).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["digest"], set_={"touched_at": moment})
    )
    return _blob(connection.execute(select(blobs).where(blobs.c.digest == digest)).one())


def get(connection: Connection, digest: Digest) -> Blob | None:
    row = connection.execute(select(blobs).where(blobs.c.digest == digest)).one_or_none()
    return None if row is None else _blob(row)


def touch(connection: Connection, digest: Digest) -> bool:
    """Whether there is such a blob, which nobody collects for a while then."""
    statement = update(blobs).where(blobs.c.digest == digest).values(touched_at=now())
    return connection.execute(statement).rowcount == 1


def link(connection: Connection, repository_id: str, digest: Digest) -> bool:
    """Make the blob visible in the repository: it was pushed there, or mounted from another.

    Whether there is such a blob.
    """
    if not touch(connection, digest):
        return False
    found = select(blobs.c.id).where(blobs.c.digest == digest).scalar_subquery()
    moment = now()
    row = {"repository_id": repository_id, "blob_id": found, "touched_at": moment}
    connection.execute(
        insert(connection, repository_blobs)
        .values(row)
        .on_conflict_do_update(index_elements=["repository_id", "blob_id"], set_={"touched_at": moment})
    )
    return True


def link_again(connection: Connection, repository_id: str, digest: Digest) -> bool:
    """Whether the blob is still visible in the repository; if so it stays for a while."""
    blob = select(blobs.c.id).where(blobs.c.digest == digest).scalar_subquery()
    statement = update(repository_blobs).where(
        repository_blobs.c.repository_id == repository_id, repository_blobs.c.blob_id == blob
    )
    return connection.execute(statement.values(touched_at=now())).rowcount == 1


def touch_links(
    connection: Connection, repository_id: str, wanted: Select[tuple[str]] | CompoundSelect[tuple[str]]
) -> Sequence[str]:
    """Those of the blob ids that are visible in the repository; they stay so for a while.

    Rows are locked in one order, so that pushes of the same blobs wait for each other and not in a circle.
    """
    mine = and_(repository_blobs.c.repository_id == repository_id, repository_blobs.c.blob_id.in_(wanted))
    locked = select(repository_blobs.c.blob_id).where(mine).order_by(repository_blobs.c.blob_id)
    found = connection.scalars(locked.with_for_update()).all()
    connection.execute(update(repository_blobs).where(mine).values(touched_at=now()))
    return found


def unlink(connection: Connection, repository_id: str, digest: Digest) -> None:
    """Nobody sees the blob in the repository any more; its bytes stay until they are collected."""
    blob = select(blobs.c.id).where(blobs.c.digest == digest).scalar_subquery()
    connection.execute(
        repository_blobs.delete().where(
            repository_blobs.c.repository_id == repository_id, repository_blobs.c.blob_id == blob
        )
    )


def linked(connection: Connection, repository_id: str, digest: Digest) -> Blob | None:
    """The blob, if it is visible in the repository."""
    row = connection.execute(_linked(repository_id, digest)).one_or_none()
    return None if row is None else _blob(row)


def last_touched(connection: Connection, repository_id: str, digest: Digest) -> datetime | None:
    """When somebody last relied on the blob in the repository; None where it is not visible."""
    query = _linked(repository_id, digest).with_only_columns(repository_blobs.c.touched_at)
    found: datetime | None = connection.scalar(query)
    return found


def is_linked(connection: Connection, digest: Digest) -> bool:
    """Whether the blob is visible in any repository."""
    query = select(blobs.c.id).join(repository_blobs).where(blobs.c.digest == digest).limit(1)
    return connection.scalar(query) is not None


def is_used(connection: Connection, repository_id: str, digest: Digest) -> bool:
    """Whether an image of the repository has the blob for its config or among its layers."""
    in_use = used_by_an_image(blobs.c.id, images.c.repository_id == repository_id)
    return connection.scalar(select(blobs.c.id).where(blobs.c.digest == digest, in_use)) is not None


def used_by_an_image(blob_id: ColumnElement[str], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: an image that meets the conditions names the blob."""
    configs = exists().where(images.c.config_id == blob_id, *conditions)
    layers = exists().where(
        image_layers.c.blob_id == blob_id, images.c.id == image_layers.c.image_id, *conditions
    )
    return or_(configs, layers)


def _linked(repository_id: str, digest: Digest) -> Select[Any]:
    return (
        select(blobs)
        .join(repository_blobs)
        .where(repository_blobs.c.repository_id == repository_id, blobs.c.digest == digest)
    )


def _blob(row: Row[Any]) -> Blob:
    return Blob(id=row.id, digest=Digest(row.digest), size=row.size)

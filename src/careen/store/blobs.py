"""Which blobs there are, and in which repositories one may see them. The bytes are in blob_files."""

from typing import Any

from sqlalchemy import Connection, Row, select

from careen.model import ids
from careen.model.digest import Digest
from careen.model.registry import Blob
from careen.store.columns import now
from careen.store.inserts import insert_new
from careen.store.tables import blobs, repository_blobs


def add(connection: Connection, digest: Digest, size: int) -> Blob:
    """The row of a blob whose bytes are stored; the one that is there, if it was added before."""
    row = {"id": ids.new(), "digest": digest, "size": size, "created_at": now()}
    insert_new(connection, blobs, row)
    return _blob(connection.execute(select(blobs).where(blobs.c.digest == digest)).one())


def get(connection: Connection, digest: Digest) -> Blob | None:
    row = connection.execute(select(blobs).where(blobs.c.digest == digest)).one_or_none()
    return None if row is None else _blob(row)


def link(connection: Connection, repository_id: str, digest: Digest) -> None:
    """Make the blob visible in the repository: it was pushed there, or mounted from another."""
    found = select(blobs.c.id).where(blobs.c.digest == digest).scalar_subquery()
    insert_new(connection, repository_blobs, {"repository_id": repository_id, "blob_id": found})


def linked(connection: Connection, repository_id: str, digest: Digest) -> Blob | None:
    """The blob, if it is visible in the repository."""
    query = (
        select(blobs)
        .join(repository_blobs)
        .where(repository_blobs.c.repository_id == repository_id, blobs.c.digest == digest)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _blob(row)


def _blob(row: Row[Any]) -> Blob:
    return Blob(id=row.id, digest=Digest(row.digest), size=row.size)

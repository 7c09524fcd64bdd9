"""Uploads under way: how many bytes of each have been acknowledged."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from careen.store.columns import now
from careen.store.tables import uploads


@dataclass(frozen=True, slots=True)
class Upload:
    id: str
    repository_id: str
    offset: int  # bytes that were acknowledged
    created_at: datetime


def start(connection: Connection, repository_id: str) -> str:
    """The id of a new upload, which cannot be guessed: to know it is the right to go on with it."""
    upload_id = str(uuid.uuid4())
    row = {"id": upload_id, "repository_id": repository_id, "offset": 0, "created_at": now()}
    connection.execute(uploads.insert().values(row))
    return upload_id


def get(connection: Connection, upload_id: str, repository_id: str) -> Upload | None:
    """The upload, if it was started in that repository."""
    query = select(uploads).where(uploads.c.id == upload_id, uploads.c.repository_id == repository_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Upload(row.id, row.repository_id, row.offset, row.created_at)


def advance(connection: Connection, upload_id: str, offset: int) -> None:
    connection.execute(update(uploads).where(uploads.c.id == upload_id).values(offset=offset))


def finish(connection: Connection, upload_id: str) -> None:
    """Forget the upload, whether it became a blob or was cancelled."""
    connection.execute(delete(uploads).where(uploads.c.id == upload_id))


def ids(connection: Connection) -> Sequence[str]:
    """Every upload under way: what LocalBlobs.sweep must leave alone."""
    return connection.scalars(select(uploads.c.id)).all()


def begun(connection: Connection, before: datetime) -> Sequence[str]:
    """The uploads that were started before that time, the oldest first."""
    query = select(uploads.c.id).where(uploads.c.created_at < before)
    return connection.scalars(query.order_by(uploads.c.created_at)).all()

"""Blobs that nobody needs: which they are, and how they go without being missed.

What is found in one transaction is looked at again in the one that removes it, once its row is locked:
whoever begins to rely on a blob locks it too (`blobs.touch`). A row that somebody else holds is passed over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, select, tuple_

from careen.model import ids
from careen.model.digest import Digest
from careen.store.blobs import used_by_an_image
from careen.store.columns import now
from careen.store.inserts import insert_new
from careen.store.tables import blobs, images, repository_blobs

_LINK = (repository_blobs.c.repository_id, repository_blobs.c.blob_id)


class Link(NamedTuple):
    """A blob that may be seen in a repository."""

    repository_id: str
    blob_id: str


FIRST = Link("", "")


def spare_links(connection: Connection, before: datetime, *, after: Link, limit: int) -> Sequence[Link]:
    """Those that no image of their repository needs and nobody touched since then, in order of their keys."""
    query = select(*_LINK).where(tuple_(*_LINK) > tuple_(*after), _is_spare_link(before))
    return [Link(*row) for row in connection.execute(query.order_by(*_LINK).limit(limit))]


def unlink(connection: Connection, links: Sequence[Link], before: datetime) -> int:
    """Remove those that are still spare; returns how many."""
    locked = select(*_LINK).where(tuple_(*_LINK).in_(links)).with_for_update(skip_locked=True)
    held = connection.execute(locked).all()
    statement = repository_blobs.delete().where(tuple_(*_LINK).in_(held), _is_spare_link(before))
    return connection.execute(statement).rowcount


def spare_blobs(connection: Connection, before: datetime, *, after: str, limit: int) -> Sequence[Digest]:
    """Those that no repository shows, no image needs and nobody touched since then, in lexical order."""
    query = select(blobs.c.digest).where(blobs.c.digest > after, _is_spare_blob(before))
    return [Digest(found) for found in connection.scalars(query.order_by(blobs.c.digest).limit(limit))]


def remove(connection: Connection, digests: Sequence[Digest], before: datetime) -> Sequence[Digest]:
    """Remove the rows that are still spare, and say which; locked until the end of the transaction."""
    locked = select(blobs.c.id).where(blobs.c.digest.in_(digests)).with_for_update(skip_locked=True)
    held = connection.scalars(locked).all()
    query = select(blobs.c.digest).where(blobs.c.id.in_(held), _is_spare_blob(before))
    spare = [Digest(found) for found in connection.scalars(query)]
    connection.execute(blobs.delete().where(blobs.c.digest.in_(spare)))
    return spare


def unknown(connection: Connection, digests: Sequence[Digest]) -> Sequence[Digest]:
    """Those that have no row, in the order given; at most as many as a statement takes."""
    known = set(connection.scalars(select(blobs.c.digest).where(blobs.c.digest.in_(digests))))
    return [digest for digest in digests if digest not in known]


def lock(connection: Connection, digest: Digest) -> bool:
    """Whether there was no row of the blob. There is one now, until `unlock` or a rollback."""
    moment = now()
    row = {"id": ids.new(), "digest": digest, "size": 0, "created_at": moment, "touched_at": moment}
    return insert_new(connection, blobs, row)


def unlock(connection: Connection, digest: Digest) -> None:
    connection.execute(blobs.delete().where(blobs.c.digest == digest))


def _is_spare_link(before: datetime) -> ColumnElement[bool]:
    of_its_repository = images.c.repository_id == repository_blobs.c.repository_id
    used = used_by_an_image(repository_blobs.c.blob_id, of_its_repository)
    return and_(repository_blobs.c.touched_at < before, ~used)


def _is_spare_blob(before: datetime) -> ColumnElement[bool]:
    is_linked = exists().where(repository_blobs.c.blob_id == blobs.c.id)
    return and_(blobs.c.touched_at < before, ~is_linked, ~used_by_an_image(blobs.c.id))

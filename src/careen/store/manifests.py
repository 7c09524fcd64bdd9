"""Manifests as they are pulled, in one query: of an image no more than a GET takes."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from careen.model.digest import Digest
from careen.store.paging import Query
from careen.store.tables import images, tags

_MANIFEST = select(*images.c["digest", "media_type", "size", "body"])
_BY_DIGEST = _MANIFEST.where(
    images.c.repository_id == bindparam("repository_id"), images.c.digest == bindparam("reference")
)
_BY_TAG = _MANIFEST.join(tags, tags.c.image_id == images.c.id).where(
    tags.c.repository_id == bindparam("repository_id"), tags.c.name == bindparam("reference")
)


@dataclass(frozen=True, slots=True)
class StoredManifest:
    digest: Digest
    media_type: str
    size: int
    body: bytes = field(repr=False)  # to the byte as it was pushed


def by_digest(connection: Connection, repository_id: str, digest: Digest) -> StoredManifest | None:
    return _one(connection, _BY_DIGEST, repository_id, digest)


def by_tag(connection: Connection, repository_id: str, tag: str) -> StoredManifest | None:
    return _one(connection, _BY_TAG, repository_id, tag)


def _one(connection: Connection, query: Query, repository_id: str, reference: str) -> StoredManifest | None:
    asked = {"repository_id": repository_id, "reference": reference}
    row = connection.execute(query, asked).one_or_none()
    return None if row is None else StoredManifest(Digest(row[0]), row[1], row[2], bytes(row[3]))

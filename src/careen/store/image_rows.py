"""Rows of images with their layers and tags: four queries, however many images."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, bindparam, select, type_coerce

from careen.model.digest import Digest
from careen.model.registry import Blob, Image
from careen.store.inserts import batched
from careen.store.paging import Query
from careen.store.tables import blobs, image_blobs, image_layers, images, repositories, tags

QUERY: Select[Any] = (
    select(
        *images.c["id", "repository_id", "digest", "media_type", "size", "created_at"],
        repositories.c.name,
        blobs.c.id.label("config_id"),
        blobs.c.digest.label("config_digest"),
        blobs.c.size.label("config_size"),
    )
    .join(repositories, repositories.c.id == images.c.repository_id)
    .outerjoin(blobs, blobs.c.id == images.c.config_id)
)


_BY_ID = QUERY.where(images.c.id == bindparam("id"))
# Of each row three texts that are careen's own: nothing in them has to be looked for (`columns.String`).
_LAYERS: Query = (
    select(
        *(type_coerce(image_layers.c[name], Text) for name in ("image_id", "blob_id", "digest")),
        image_layers.c.size,
    )
    .where(image_layers.c.image_id.in_(bindparam("ids", expanding=True)))
    .order_by(image_layers.c.position)
)
_TAGS = (
    select(tags.c.image_id, tags.c.name)
    .where(tags.c.image_id.in_(bindparam("ids", expanding=True)))
    .order_by(tags.c.name)
)


def by_id(connection: Connection, image_id: str) -> Image | None:
    loaded = load(connection, connection.execute(_BY_ID, {"id": image_id}).all())
    return loaded[0] if loaded else None


def one(connection: Connection, *conditions: ColumnElement[bool]) -> Image | None:
    """The image that meets the conditions, of which there is at most one."""
    loaded = load(connection, connection.execute(QUERY.where(*conditions)).all())
    return loaded[0] if loaded else None


def load(connection: Connection, rows: Sequence[Row[Any]]) -> list[Image]:
    """The images that these rows of QUERY are, in their order; tags in lexical order."""
    keys = [row.id for row in rows]
    layers = _layers(connection, keys)
    names = _tags(connection, keys)
    claims = _claims(connection, keys)
    return [_image(row, layers[row.id], names[row.id], claims[row.id]) for row in rows]


def _claims(connection: Connection, keys: Sequence[str]) -> Mapping[str, Sequence[tuple[Blob, bool]]]:
    """What images from another server show of their blobs, and whether it is the config."""
    found: dict[str, list[tuple[Blob, bool]]] = defaultdict(list)
    for batch in batched(keys):
        for row in connection.execute(select(image_blobs).where(image_blobs.c.image_id.in_(batch))):
            blob = Blob(row.blob_id, Digest(row.digest), row.size)
            found[row.image_id].append((blob, row.is_config))
    return found


def _layers(connection: Connection, keys: Sequence[str]) -> Mapping[str, Sequence[Blob]]:
    found: dict[str, list[Blob]] = defaultdict(list)
    for batch in batched(keys):
        for image_id, blob_id, digest, size in connection.execute(_LAYERS, {"ids": list(batch)}).all():
            found[image_id].append(Blob(blob_id or "", Digest(digest), size))
    return found


def _tags(connection: Connection, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for batch in batched(keys):
        for image_id, name in connection.execute(_TAGS, {"ids": list(batch)}):
            found[image_id].append(name)
    return found


def _image(
    row: Row[Any], layers: Sequence[Blob], names: Sequence[str], claims: Sequence[tuple[Blob, bool]]
) -> Image:
    config = Blob(row.config_id, Digest(row.config_digest), row.config_size) if row.config_id else None
    shown = {blob.digest: blob for blob, _ in claims}
    return Image(
        id=row.id,
        repository_id=row.repository_id,
        name=row.name,
        digest=Digest(row.digest),
        media_type=row.media_type,
        size=row.size,
        created_at=row.created_at,
        config=next((blob for blob, is_config in claims if is_config), config),
        layers=tuple(shown.get(layer.digest, layer) for layer in layers) if shown else tuple(layers),
        tags=tuple(names),
    )

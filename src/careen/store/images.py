"""Images: manifests with the blobs and the other images that they name, and their tags."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Connection, func, select, type_coerce, union_all, update

from careen.errors import Exists, NotFound
from careen.model import ids
from careen.model.digest import Digest
from careen.model.manifest import Descriptor, Manifest
from careen.model.policy import Candidate
from careen.model.registry import Blob, Image, Repository
from careen.store import image_rows, index_parts, journal, referrers
from careen.store.blobs import touch_links
from careen.store.columns import now
from careen.store.inserts import affects_a_row, batched, insert, insert_all, insert_new
from careen.store.journal import ImageDeleted, ImageStored, TagRemoved, TagSet
from careen.store.paging import Listed, Listing, Page, fetch, merge
from careen.store.tables import (
    blobs,
    image_children,
    image_layers,
    images,
    registries,
    repositories,
)
from careen.store.tables import referrers as referrers_table
from careen.store.tables import tags as tags_table

LISTING = Listing(
    key=images.c.id,
    fields={
        "name": repositories.c.name,
        "digest": images.c.digest,
        "created_at": images.c.created_at,
        "last_modified": images.c.last_modified,  # when it was put, or a tag was last moved to it
    },
    default=(("created_at", False),),
    tie="created_at",
)


class InUse(Exists):
    """It cannot be deleted: something that stays needs it."""


class MissingBlob(NotFound):
    """A manifest names a blob, or an index a manifest, that is not in the repository."""

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"Blob {digest} not found", resource=("Blob", digest))
        self.digest = digest


def put(
    connection: Connection, repository: Repository, manifest: Manifest, body: bytes, *, sparse: bool = False
) -> Image:
    """Store the manifest, or find it stored already.

    Raises MissingBlob, and writes nothing, when the repository lacks something that the manifest names.
    A layer with URLs (a foreign layer) may be lacking: its Blob has an empty id and the manifest's size.
    So may an image of an index that is allowed to be `sparse`.
    """
    found = _blobs(connection, repository, manifest)
    children = _children(connection, repository, manifest, sparse=sparse)
    image_id = ids.new()
    row = _row(repository, manifest, now()) | {"id": image_id, "body": body}
    if manifest.config:
        row["config_id"] = found[manifest.config.digest].id
    if is_new := insert_new(connection, images, row):
        insert_all(connection, image_layers, _layer_rows(image_id, manifest.layers, found))
        index_parts.put(
            connection, repository, image_id, [child.digest for child in manifest.children], children
        )
        index_parts.arrived(connection, repository.id, manifest.digest, image_id)
        if manifest.referral:
            referrers.add(connection, image_id, repository.id, manifest.digest, manifest.referral)
    stored = by_digest(connection, repository.id, manifest.digest)
    assert stored is not None
    if is_new:
        journal.note(ImageStored(stored))
    return stored


def tag(connection: Connection, image: Image, name: str) -> None:
    """Point the tag at the image, whatever it pointed at before."""
    moment = now()
    row = {"repository_id": image.repository_id, "name": name, "image_id": image.id, "moved_at": moment}
    moved = (
        insert(connection, tags_table)
        .values(row)
        .on_conflict_do_update(
            index_elements=["repository_id", "name"],
            set_={"image_id": image.id, "moved_at": moment},
            where=tags_table.c.image_id != image.id,
        )
    )
    before = by_tag(connection, image.repository_id, name) if journal.is_watched() else None
    if affects_a_row(connection, moved):
        if before is not None:
            journal.note(TagRemoved(before, name))
        journal.note(TagSet(image, name))
        connection.execute(update(images).where(images.c.id == image.id).values(last_modified=moment))


def untag(connection: Connection, repository_id: str, name: str) -> bool:
    """Whether there was such a tag; the image stays."""
    before = by_tag(connection, repository_id, name) if journal.is_watched() else None
    if before is not None:
        journal.note(TagRemoved(before, name))
    statement = tags_table.delete().where(
        tags_table.c.repository_id == repository_id, tags_table.c.name == name
    )
    return connection.execute(statement).rowcount == 1


def get(connection: Connection, image_id: str) -> Image | None:
    return image_rows.by_id(connection, image_id)


def by_digest(connection: Connection, repository_id: str, digest: Digest) -> Image | None:
    return image_rows.one(connection, images.c.repository_id == repository_id, images.c.digest == digest)


def by_tag(connection: Connection, repository_id: str, tag: str) -> Image | None:
    tagged = select(tags_table.c.image_id).where(
        tags_table.c.repository_id == repository_id, tags_table.c.name == tag
    )
    return image_rows.one(connection, images.c.id == tagged.scalar_subquery())


def body(connection: Connection, image_id: str) -> bytes:
    """The manifest, to the byte; raises NotFound."""
    found = connection.scalar(select(images.c.body).where(images.c.id == image_id))
    if found is None:
        raise NotFound.of("Image", image_id)
    return bytes(found)


def children(connection: Connection, image: Image) -> Sequence[Image]:
    """The images of an index, in its order; none for an image that is no index."""
    query = (
        image_rows.QUERY.join(image_children, image_children.c.child_id == images.c.id)
        .where(image_children.c.image_id == image.id)
        .order_by(image_children.c.position)
    )
    return image_rows.load(connection, connection.execute(query).all())


def tags(connection: Connection, repository_id: str, *, after: str = "", limit: int = 0) -> Sequence[str]:
    """The repository's tags in lexical order, from the one that follows `after`; limit 0 = all."""
    query = select(tags_table.c.name).where(
        tags_table.c.repository_id == repository_id, tags_table.c.name > after
    )
    return connection.scalars(query.order_by(tags_table.c.name).limit(limit or None)).all()


def page(
    connection: Connection,
    *,
    registry_id: str = "",
    repository_name: str = "",
    folder_id: str = "",
    page: Page,
) -> Listed[Image]:
    """Images by time of creation; fields: name, digest, created_at, last_modified."""
    query = image_rows.QUERY
    if registry_id:
        query = query.where(images.c.registry_id == registry_id)
    if repository_name:  # by its id: then the planner sees that an index has the order
        named = select(repositories.c.id).where(repositories.c.name == repository_name)
        query = query.where(images.c.repository_id == (connection.scalar(named) or ""))
    parts = [query]
    if folder_id:  # each registry's images lie in order in an index, a folder's do not
        roofs = connection.scalars(select(registries.c.id).where(registries.c.folder_id == folder_id))
        parts = [query.where(images.c.registry_id == roof) for roof in roofs]
    rows = merge([fetch(connection, part, LISTING, page) for part in parts], LISTING, page)
    return rows.made_into(image_rows.load(connection, rows))


def state(connection: Connection, repository_id: str) -> tuple[object, ...]:
    """Something that is another as soon as an image or a tag of the repository comes, moves or goes."""
    of_images = select(func.count(), *map(_sum, (images.c.last_modified, images.c.created_at)))
    of_tags = select(func.count(), _sum(tags_table.c.moved_at))
    return (
        *connection.execute(of_images.where(images.c.repository_id == repository_id)).one(),
        *connection.execute(of_tags.where(tags_table.c.repository_id == repository_id)).one(),
    )


def _sum(moments: ColumnElement[datetime]) -> ColumnElement[int]:
    """Of their milliseconds."""
    return func.sum(type_coerce(moments, BigInteger))


def candidates(connection: Connection, repository_id: str) -> Sequence[Candidate]:
    """Those that stand by themselves: not the parts of an index, nor what refers to an image that is there.

    A signature without a tag is not an image that nobody wants: it is wanted as long as what it signs.
    """
    tagged: dict[str, list[str]] = defaultdict(list)
    names = select(tags_table.c.image_id, tags_table.c.name).where(
        tags_table.c.repository_id == repository_id
    )
    for image_id, name in connection.execute(names.order_by(tags_table.c.name)):
        tagged[image_id].append(name)
    parts = select(image_children.c.child_id)
    subjects = select(images.c.digest).where(images.c.repository_id == repository_id)
    about_others = select(referrers_table.c.image_id).where(
        referrers_table.c.repository_id == repository_id, referrers_table.c.subject.in_(subjects)
    )
    mine = images.c.repository_id == repository_id
    query = select(images.c.id, images.c.created_at).where(
        mine, images.c.id.not_in(parts), images.c.id.not_in(about_others)
    )
    return [Candidate(row.id, row.created_at, tuple(tagged[row.id])) for row in connection.execute(query)]


def delete(connection: Connection, image_id: str) -> bool:
    """Whether there was such an image; its tags and scans go with it, its blobs stay for the background.

    What refers to it (signatures, SBOMs) stays and is still found by its digest. Raises InUse while an index
    names it: that index would lose a platform in silence.
    """
    parent = select(image_children.c.image_id).where(image_children.c.child_id == image_id).limit(1)
    if (index := connection.scalar(parent)) is not None:
        raise InUse(f"Image {image_id} is part of the index {index}", resource=("Image", index))
    _touch_blobs(connection, image_id)
    image = get(connection, image_id) if journal.is_watched() else None
    if image is not None:
        journal.note(ImageDeleted(image))
    return connection.execute(images.delete().where(images.c.id == image_id)).rowcount == 1


def _touch_blobs(connection: Connection, image_id: str) -> None:
    """Who was told that they are there may be about to push an image of them."""
    repository_id = connection.scalar(select(images.c.repository_id).where(images.c.id == image_id))
    if repository_id is not None:
        layers = select(image_layers.c.blob_id).where(image_layers.c.image_id == image_id)
        config = select(images.c.config_id).where(images.c.id == image_id)
        touch_links(connection, repository_id, union_all(layers, config))


def _row(repository: Repository, manifest: Manifest, moment: datetime) -> dict[str, object]:
    return {
        "registry_id": repository.registry_id,
        "repository_id": repository.id,
        "digest": manifest.digest,
        "media_type": manifest.media_type,
        "size": manifest.size,
        "created_at": moment,
        "last_modified": moment,
    }


def _layer_rows(
    image_id: str, layers: Sequence[Descriptor], found: Mapping[Digest, Blob]
) -> Sequence[dict[str, object]]:
    rows = []
    for position, layer in enumerate(layers):
        blob = found.get(layer.digest, Blob("", layer.digest, layer.size))
        rows.append(
            {
                "image_id": image_id,
                "position": position,
                "blob_id": blob.id or None,
                "digest": blob.digest,
                "size": blob.size,
            }
        )
    return rows


def _blobs(connection: Connection, repository: Repository, manifest: Manifest) -> Mapping[Digest, Blob]:
    """The blobs that the manifest names; raises MissingBlob for the first that is not to be had.

    They are touched, so that none is collected before the image is there.
    """
    named = [manifest.config, *manifest.layers] if manifest.config else []
    found: dict[Digest, Blob] = {}
    for batch in batched(sorted({descriptor.digest for descriptor in named})):
        wanted = select(blobs.c.id).where(blobs.c.digest.in_(batch))
        visible = touch_links(connection, repository.id, wanted)
        for row in connection.execute(
            select(*blobs.c["id", "digest", "size"]).where(blobs.c.id.in_(visible))
        ):
            found[Digest(row.digest)] = Blob(row.id, Digest(row.digest), row.size)
    for descriptor in named:
        is_foreign = descriptor.urls and descriptor is not manifest.config
        if descriptor.digest not in found and not is_foreign:
            raise MissingBlob(descriptor.digest)
    return found


def _children(
    connection: Connection, repository: Repository, manifest: Manifest, *, sparse: bool
) -> Mapping[Digest, str]:
    """The ids of the images that an index names; raises MissingBlob likewise."""
    found = index_parts.find(connection, repository, manifest)
    missing = [child.digest for child in manifest.children if child.digest not in found]
    if missing and not sparse:
        raise MissingBlob(missing[0])
    return index_parts.find_again(connection, repository, manifest) if missing else found

"""The images that an index names; some may be missing, where a mirror holds but a few of its platforms."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, select

from careen.model.digest import Digest
from careen.model.manifest import Manifest
from careen.model.registry import Repository
from careen.store.inserts import batched, insert_all
from careen.store.tables import image_children, images, missing_children, repositories


def find(connection: Connection, repository: Repository, manifest: Manifest) -> Mapping[Digest, str]:
    """The ids of those that are there, by digest."""
    named = {child.digest for child in manifest.children}
    found: dict[Digest, str] = {}
    for batch in batched(named):
        query = select(*images.c["id", "digest"]).where(
            images.c.repository_id == repository.id, images.c.digest.in_(batch)
        )
        found |= {Digest(row.digest): row.id for row in connection.execute(query)}
    return found


def find_again(connection: Connection, repository: Repository, manifest: Manifest) -> Mapping[Digest, str]:
    """As `find`, and until the transaction ends no image comes into the repository unseen.

    An image that is put holds its repository's row, as a foreign key does.
    """
    locked = select(repositories.c.id).where(repositories.c.id == repository.id).with_for_update()
    connection.execute(locked).all()
    return find(connection, repository, manifest)


def put(
    connection: Connection,
    repository: Repository,
    image_id: str,
    named: Sequence[Digest],
    found: Mapping[Digest, str],
) -> None:
    rows = [(position, digest, found.get(digest)) for position, digest in enumerate(named)]
    there = [{"image_id": image_id, "position": at, "child_id": child} for at, _, child in rows if child]
    lacking = [
        {"image_id": image_id, "position": at, "repository_id": repository.id, "digest": digest}
        for at, digest, child in rows
        if not child
    ]
    insert_all(connection, image_children, there)
    insert_all(connection, missing_children, lacking)


def arrived(connection: Connection, repository_id: str, digest: Digest, image_id: str) -> None:
    """The image has come: whichever index lacked it has it from now on."""
    lacked = (missing_children.c.repository_id == repository_id) & (missing_children.c.digest == digest)
    # An index that is deleted meanwhile is not there any more, or not before this transaction has ended.
    query = (
        select(*missing_children.c["image_id", "position"])
        .join(images, images.c.id == missing_children.c.image_id)
        .where(lacked)
        .with_for_update(read=True, key_share=True, of=images)
    )
    rows = connection.execute(query).all()
    if rows:
        insert_all(
            connection,
            image_children,
            ({"image_id": index, "position": at, "child_id": image_id} for index, at in rows),
        )
        connection.execute(delete(missing_children).where(lacked))

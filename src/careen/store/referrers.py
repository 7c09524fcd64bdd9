"""Which manifests refer to another by their `subject`, whether that is there or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from careen.model.digest import Digest
from careen.model.manifest import Referral
from careen.store.tables import images, referrers


@dataclass(frozen=True, slots=True)
class Referrer:
    """What a list of referrers says of one (image-spec, descriptor.md#properties)."""

    media_type: str
    digest: Digest
    size: int  # bytes
    artifact_type: str
    annotations: Mapping[str, str]


def add(
    connection: Connection, image_id: str, repository_id: str, digest: Digest, referral: Referral
) -> None:
    row = {
        "image_id": image_id,
        "repository_id": repository_id,
        "subject": referral.subject,
        "digest": digest,
        "artifact_type": referral.artifact_type,
        "annotations": dict(referral.annotations),
    }
    connection.execute(referrers.insert().values(row))


def page(
    connection: Connection,
    repository_id: str,
    subject: Digest,
    *,
    artifact_type: str = "",
    after: str = "",
    limit: int,
) -> Sequence[Referrer]:
    """By digest, from the one that follows `after`; of every type, where none is given."""
    query = (
        select(
            images.c.media_type,
            images.c.digest,
            images.c.size,
            referrers.c.artifact_type,
            referrers.c.annotations,
        )
        .join(images, images.c.id == referrers.c.image_id)
        .where(
            referrers.c.repository_id == repository_id,
            referrers.c.subject == subject,
            referrers.c.digest > after,
        )
    )
    if artifact_type:
        query = query.where(referrers.c.artifact_type == artifact_type)
    rows = connection.execute(query.order_by(referrers.c.digest).limit(limit))
    return [Referrer(*row) for row in rows]

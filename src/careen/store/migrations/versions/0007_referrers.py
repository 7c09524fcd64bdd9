"""When somebody last relied on a blob, and which manifests refer to another."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BATCH = 100  # manifests of at most 4 MiB read at a time


def upgrade() -> None:
    _add_touched_at("blobs", "created_at")
    _add_touched_at("repository_blobs", "(SELECT created_at FROM blobs WHERE blobs.id = blob_id)")
    op.create_table(
        "referrers",
        sa.Column("image_id", STRING, _reference("image_id", "images.id"), primary_key=True, nullable=False),
        sa.Column("repository_id", STRING, _reference("repository_id", "repositories.id"), nullable=False),
        *(sa.Column(name, STRING, nullable=False) for name in ("subject", "digest", "artifact_type")),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", name="pk_referrers"),
    )
    op.create_index(
        "ix_referrers_repository_id_subject_digest", "referrers", ["repository_id", "subject", "digest"]
    )
    _find_referrers()


def _reference(name: str, target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, name=f"fk_referrers_{name}", ondelete="CASCADE")


def _add_touched_at(table: str, value: str) -> None:
    op.add_column(table, sa.Column("touched_at", sa.BigInteger(), nullable=True))
    op.execute(f"UPDATE {table} SET touched_at = {value}")  # noqa: S608 - names of our own
    with op.batch_alter_table(table) as altered:
        altered.alter_column("touched_at", existing_type=sa.BigInteger(), nullable=False)


def _find_referrers() -> None:
    """In what is stored already (distribution-spec, "Enabling the Referrers API")."""
    connection = op.get_bind()
    images = sa.table("images", *map(sa.column, ("id", "repository_id", "digest", "body")))
    referrers = sa.table("referrers", *map(sa.column, _COLUMNS[:-1]), sa.column("annotations", sa.JSON()))
    last = ""
    while True:
        query = sa.select(images).where(images.c.id > last).order_by(images.c.id).limit(_BATCH)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        if found := [referrer for row in rows if (referrer := _referrer(row))]:
            connection.execute(sa.insert(referrers), found)


_COLUMNS = ("image_id", "repository_id", "subject", "digest", "artifact_type", "annotations")


def _referrer(row: "sa.Row[Any]") -> dict[str, object] | None:
    document = json.loads(bytes(row.body))
    subject = document.get("subject")
    if not subject:
        return None
    artifact_type = document.get("artifactType") or (document.get("config") or {}).get("mediaType") or ""
    annotations = {
        name: value for name, value in (document.get("annotations") or {}).items() if isinstance(value, str)
    }
    facts = (row.id, row.repository_id, subject["digest"], row.digest, artifact_type, annotations)
    return dict(zip(_COLUMNS, facts, strict=True))

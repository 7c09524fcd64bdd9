"""Indexes may name images that are not there yet."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    image = sa.ForeignKey("images.id", name="fk_missing_children_image_id", ondelete="CASCADE")
    repository = sa.ForeignKey(
        "repositories.id", name="fk_missing_children_repository_id", ondelete="CASCADE"
    )
    op.create_table(
        "missing_children",
        sa.Column("image_id", STRING, image, primary_key=True, nullable=False),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("repository_id", STRING, repository, nullable=False),
        sa.Column("digest", STRING, nullable=False),
    )
    op.create_index(
        "ix_missing_children_repository_id_digest", "missing_children", ["repository_id", "digest"]
    )

"""What images from another server show of their blobs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    image = sa.ForeignKey("images.id", name="fk_image_blobs_image_id", ondelete="CASCADE")
    op.create_table(
        "image_blobs",
        sa.Column("image_id", STRING, image, primary_key=True, nullable=False),
        sa.Column("digest", STRING, primary_key=True, nullable=False),
        sa.Column("blob_id", STRING, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("is_config", sa.Boolean(), nullable=False),
    )

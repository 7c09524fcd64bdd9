"""Which files packages installed, who built a package, and the repositories that an image was built from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXTS = ("vendor", "owner", "confidence")
PACKED = ("claims", "contents")


def upgrade() -> None:
    """What was indexed before is indexed anew: those rows would never be read again."""
    op.execute("DELETE FROM packages")
    op.execute("DELETE FROM layers")
    with op.batch_alter_table("packages") as packages:
        for name in TEXTS:
            packages.add_column(sa.Column(name, STRING, nullable=False))
    with op.batch_alter_table("layers") as layers:
        for name in PACKED:
            layers.add_column(sa.Column(name, sa.LargeBinary(), nullable=False))
        layers.add_column(sa.Column("repositories", sa.JSON(), nullable=False))

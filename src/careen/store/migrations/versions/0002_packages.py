"""What a package was built in (its module), and where in an archive it was found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ADDED = ("module", "inner")


def upgrade() -> None:
    """Layers that were indexed before are indexed anew, so what their packages get here is never read."""
    with op.batch_alter_table("packages") as packages:
        for name in ADDED:
            packages.add_column(sa.Column(name, STRING, nullable=False, server_default=""))
    with op.batch_alter_table("packages") as packages:
        for name in ADDED:
            packages.alter_column(name, server_default=None)

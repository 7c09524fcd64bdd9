"""The module that a package was built in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Layers that were indexed before are indexed anew, so what their packages get here is never read."""
    with op.batch_alter_table("packages") as packages:
        packages.add_column(sa.Column("module", STRING, nullable=False, server_default=""))
    with op.batch_alter_table("packages") as packages:
        packages.alter_column("module", server_default=None)

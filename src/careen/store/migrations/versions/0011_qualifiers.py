"""What packages say of themselves beside name and version: the digest of an archive, a platform."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """What was indexed before is indexed anew: those rows would never be read again."""
    op.execute("DELETE FROM packages")
    op.execute("DELETE FROM layers")
    with op.batch_alter_table("packages") as packages:
        packages.add_column(sa.Column("qualifiers", STRING, nullable=False))

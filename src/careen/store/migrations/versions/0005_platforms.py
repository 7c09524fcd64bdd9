"""Of which image of an index a finding is; indexes for lists of scans by status and of images by change."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("findings") as findings:
        findings.add_column(sa.Column("platform", STRING, nullable=False, server_default=""))

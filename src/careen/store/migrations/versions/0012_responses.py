"""What an operation ended in is kept: the resource may be changed or deleted afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("operations") as operations:
        operations.add_column(sa.Column("response", sa.LargeBinary(), nullable=True))

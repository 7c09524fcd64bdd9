"""A JWT may be traded for more than one token, so it is not kept which one a token was traded for."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("iam_tokens") as table:
        table.drop_constraint("uq_iam_tokens_assertion", type_="unique")
        table.drop_column("assertion")

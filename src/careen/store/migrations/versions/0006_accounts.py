"""Accounts, their credentials and tokens, and what they may do."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def key(name: str = "id") -> "sa.Column[str]":
    return sa.Column(name, STRING, primary_key=True, nullable=False)


def text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, STRING, nullable=nullable)


def moment(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False)


def part_of(table: str, name: str, target: str, *, nullable: bool = False) -> "sa.Column[str]":
    reference = sa.ForeignKey(target, name=f"fk_{table}_{name}", ondelete="CASCADE")
    return sa.Column(name, STRING, reference, nullable=nullable)


def index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    op.create_table(
        "accounts",
        key(),
        text("type"),
        text("name"),
        moment("created_at"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "credentials",
        key(),
        part_of("credentials", "account_id", "accounts.id"),
        text("kind"),
        text("secret"),
        moment("created_at"),
    )
    index("credentials", "account_id")
    _tokens()
    columns = ["resource_id", "resource_kind", "role", "subject_type", "subject_id"]
    op.create_table(
        "access_bindings",
        sa.Column("id", sa.Integer(), primary_key=True),
        *map(text, columns),
        sa.UniqueConstraint(*columns, name="uq_access_bindings"),
    )
    index("access_bindings", "subject_id")
    op.create_table(
        "signing_keys", key(), sa.Column("secret", sa.LargeBinary(), nullable=False), moment("created_at")
    )


def _tokens() -> None:
    op.create_table(
        "iam_tokens",
        key(),
        part_of("iam_tokens", "account_id", "accounts.id"),
        part_of("iam_tokens", "credential_id", "credentials.id", nullable=True),
        text("secret"),
        text("assertion", nullable=True),
        moment("created_at"),
        moment("expires_at"),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("assertion", name="uq_iam_tokens_assertion"),
    )
    index("iam_tokens", "account_id")
    index("iam_tokens", "credential_id")
    index("iam_tokens", "expires_at")

"""Policies of deletion and of scans, IP permissions, and the keys by which clients repeat themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FIELDS = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def key(name: str = "id") -> "sa.Column[str]":
    return sa.Column(name, STRING, primary_key=True, nullable=False)


def text(name: str) -> "sa.Column[str]":
    return sa.Column(name, STRING, nullable=False)


def moment(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False)


def part_of(table: str, name: str, target: str, *, is_key: bool = False) -> "sa.Column[str]":
    reference = sa.ForeignKey(target, name=f"fk_{table}_{name}", ondelete="CASCADE")
    return sa.Column(name, STRING, reference, nullable=False, primary_key=is_key)


def upgrade() -> None:
    _lifecycle()
    op.create_table(
        "scan_policies",
        key(),
        part_of("scan_policies", "registry_id", "registries.id"),
        text("name"),
        text("description"),
        sa.Column("push_rule", FIELDS, nullable=True),
        sa.Column("schedule_rules", FIELDS, nullable=False),
        moment("created_at"),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("registry_id", name="uq_scan_policies_registry_id"),
    )
    op.create_table(
        "ip_permissions",
        part_of("ip_permissions", "registry_id", "registries.id", is_key=True),
        sa.Column("action", sa.SmallInteger(), primary_key=True, autoincrement=False, nullable=False),
        key("ip"),
    )
    op.create_table(
        "idempotency_keys",
        key("caller"),
        key("method"),
        key("key"),
        part_of("idempotency_keys", "operation_id", "operations.id"),
        text("request"),
        moment("created_at"),
    )
    op.create_index("ix_idempotency_keys_operation_id", "idempotency_keys", ["operation_id"])
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _lifecycle() -> None:
    op.create_table(
        "lifecycle_policies",
        key(),
        part_of("lifecycle_policies", "repository_id", "repositories.id"),
        text("name"),
        text("description"),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("rules", FIELDS, nullable=False),
        moment("created_at"),
    )
    columns = ["repository_id", "created_at", "id"]
    op.create_index("ix_lifecycle_policies_repository_id_created_at_id", "lifecycle_policies", columns)
    op.create_index(
        "uq_lifecycle_policies_active",
        "lifecycle_policies",
        ["repository_id"],
        unique=True,
        sqlite_where=sa.text("status = 1"),
        postgresql_where=sa.text("status = 1"),
    )
    op.create_table(
        "dry_runs",
        key(),
        part_of("dry_runs", "policy_id", "lifecycle_policies.id"),
        moment("run_at"),
        sa.Column("affected", sa.Integer(), nullable=False),
    )
    op.create_index("ix_dry_runs_policy_id_run_at_id", "dry_runs", ["policy_id", "run_at", "id"])
    op.create_table(
        "dry_run_images",
        part_of("dry_run_images", "dry_run_id", "dry_runs.id", is_key=True),
        part_of("dry_run_images", "image_id", "images.id", is_key=True),
    )
    op.create_index("ix_dry_run_images_image_id", "dry_run_images", ["image_id"])

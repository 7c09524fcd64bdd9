"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FIELDS = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _registries()
    _blobs()
    _images()
    _layers()
    _scans()
    _operations()


def _registries() -> None:
    op.create_table(
        "registries",
        sa.Column("id", STRING, nullable=False),
        sa.Column("folder_id", STRING, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("labels", FIELDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registries"),
    )
    op.create_index("ix_registries_folder_id_created_at_id", "registries", ["folder_id", "created_at", "id"])
    op.create_index("ix_registries_folder_id_name_id", "registries", ["folder_id", "name", "id"])
    op.create_table(
        "repositories",
        sa.Column("id", STRING, nullable=False),
        sa.Column("registry_id", STRING, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registry_id"], ["registries.id"], name="fk_repositories_registry_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_repositories"),
        sa.UniqueConstraint("name", name="uq_repositories_name"),
    )
    op.create_index(
        "ix_repositories_registry_id_created_at_id", "repositories", ["registry_id", "created_at", "id"]
    )
    op.create_index("ix_repositories_registry_id_name_id", "repositories", ["registry_id", "name", "id"])


def _blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("id", STRING, nullable=False),
        sa.Column("digest", STRING, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
        sa.UniqueConstraint("digest", name="uq_blobs_digest"),
    )
    op.create_table(
        "repository_blobs",
        sa.Column("repository_id", STRING, nullable=False),
        sa.Column("blob_id", STRING, nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"],
            ["blobs.id"],
            name="fk_repository_blobs_blob_id",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name="fk_repository_blobs_repository_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", "blob_id", name="pk_repository_blobs"),
    )
    op.create_index("ix_repository_blobs_blob_id", "repository_blobs", ["blob_id"])
    op.create_table(
        "uploads",
        sa.Column("id", STRING, nullable=False),
        sa.Column("repository_id", STRING, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_uploads_repository_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_created_at", "uploads", ["created_at"])
    op.create_index("ix_uploads_repository_id", "uploads", ["repository_id"])


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("id", STRING, nullable=False),
        sa.Column("registry_id", STRING, nullable=False),
        sa.Column("repository_id", STRING, nullable=False),
        sa.Column("digest", STRING, nullable=False),
        sa.Column("media_type", STRING, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("config_id", STRING, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_modified", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["config_id"], ["blobs.id"], name="fk_images_config_id", deferrable=True, initially="DEFERRED"
        ),
        sa.ForeignKeyConstraint(
            ["registry_id"], ["registries.id"], name="fk_images_registry_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_images_repository_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("repository_id", "digest", name="uq_images_repository_id_digest"),
    )
    op.create_index("ix_images_config_id", "images", ["config_id"])
    op.create_index("ix_images_registry_id_created_at_id", "images", ["registry_id", "created_at", "id"])
    op.create_index("ix_images_repository_id_created_at_id", "images", ["repository_id", "created_at", "id"])
    op.create_table(
        "image_layers",
        sa.Column("image_id", STRING, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("blob_id", STRING, nullable=True),
        sa.Column("digest", STRING, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name="fk_image_layers_blob_id", deferrable=True, initially="DEFERRED"
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_image_layers_image_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", "position", name="pk_image_layers"),
    )
    op.create_index("ix_image_layers_blob_id", "image_layers", ["blob_id"])
    op.create_table(
        "image_children",
        sa.Column("image_id", STRING, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("child_id", STRING, nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"],
            ["images.id"],
            name="fk_image_children_child_id",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_image_children_image_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", "position", name="pk_image_children"),
    )
    op.create_index("ix_image_children_child_id", "image_children", ["child_id"])
    op.create_table(
        "tags",
        sa.Column("repository_id", STRING, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("image_id", STRING, nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_tags_image_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_tags_repository_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "name", name="pk_tags"),
    )
    op.create_index("ix_tags_image_id", "tags", ["image_id"])


def _layers() -> None:
    op.create_table(
        "layers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", STRING, nullable=False),
        sa.Column("fingerprint", STRING, nullable=False),
        sa.Column("indexed_at", sa.BigInteger(), nullable=False),
        sa.Column("distros", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("whiteouts", sa.LargeBinary(), nullable=False),
        sa.Column("opaque", sa.LargeBinary(), nullable=False),
        sa.Column("symlinks", sa.LargeBinary(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("folders", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_layers"),
        sa.UniqueConstraint("digest", "fingerprint", name="uq_layers_digest_fingerprint"),
    )
    op.create_table(
        "packages",
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("version", STRING, nullable=False),
        sa.Column("type", STRING, nullable=False),
        sa.Column("manager", STRING, nullable=False),
        sa.Column("path", STRING, nullable=False),
        sa.Column("ecosystem", STRING, nullable=False),
        sa.Column("source", STRING, nullable=False),
        sa.Column("source_version", STRING, nullable=False),
        sa.Column("arch", STRING, nullable=False),
        sa.Column("layer", STRING, nullable=True),
        sa.Column("purl", STRING, nullable=False),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name="fk_packages_layer_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("layer_id", "position", name="pk_packages"),
    )


def _scans() -> None:
    op.create_table(
        "scan_results",
        sa.Column("id", STRING, nullable=False),
        sa.Column("image_id", STRING, nullable=False),
        sa.Column("repository_id", STRING, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("scanned_at", sa.BigInteger(), nullable=True),
        sa.Column("critical", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("negligible", sa.Integer(), nullable=False),
        sa.Column("undefined", sa.Integer(), nullable=False),
        sa.Column("snapshot", STRING, nullable=False),
        sa.Column("distro", sa.JSON(), nullable=True),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_scan_results_image_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_scan_results_repository_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scan_results"),
    )
    op.create_index(
        "ix_scan_results_image_id_created_at_id", "scan_results", ["image_id", "created_at", "id"]
    )
    op.create_index(
        "ix_scan_results_repository_id_created_at_id", "scan_results", ["repository_id", "created_at", "id"]
    )
    op.create_table(
        "scan_packages",
        sa.Column("scan_id", STRING, nullable=False),
        sa.Column("packages", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["scan_results.id"], name="fk_scan_packages_scan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scan_id", name="pk_scan_packages"),
    )
    op.create_table(
        "findings",
        sa.Column("scan_id", STRING, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("package_name", STRING, nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("package", sa.JSON(), nullable=False),
        sa.Column("fixed_by", STRING, nullable=False),
        sa.Column("origin", STRING, nullable=False),
        sa.Column("type", STRING, nullable=False),
        sa.Column("link", STRING, nullable=False),
        sa.Column("status", STRING, nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["scan_results.id"], name="fk_findings_scan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scan_id", "position", name="pk_findings"),
    )


def _operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", STRING, nullable=False),
        sa.Column("method", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("description", STRING, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", STRING, nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("metadata", FIELDS, nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("error_kind", STRING, nullable=False),
        sa.Column("error_message", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
    )
    op.create_index(
        "ix_operations_unfinished",
        "operations",
        ["created_at", "id"],
        sqlite_where=sa.text("done = 0"),
        postgresql_where=sa.text("NOT done"),
    )
    op.create_index(
        "uq_operations_running",
        "operations",
        ["method", "subject"],
        unique=True,
        sqlite_where=sa.text("done = 0"),
        postgresql_where=sa.text("NOT done"),
    )

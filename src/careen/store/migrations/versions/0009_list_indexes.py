"""Lists of images by change and digest, and of scans by status, come in order from an index."""

from alembic import op

revision = "0009"
down_revision = "0008"

INDEXES = {
    "images": (
        ("repository_id", "last_modified", "created_at", "id"),
        ("registry_id", "last_modified", "created_at", "id"),
        ("registry_id", "digest", "created_at", "id"),
    ),
    "scan_results": (
        ("image_id", "status", "created_at", "id"),
        ("repository_id", "status", "created_at", "id"),
    ),
}


def upgrade() -> None:
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))

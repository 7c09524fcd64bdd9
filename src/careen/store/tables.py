"""The schema. Its history is in migrations/, and a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    literal_column,
)

from careen.store.columns import Document, Fields, Packed, String, Timestamp

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _key(name: str = "id") -> Column[str]:
    return Column(name, String, primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, String, nullable=False)


def _part_of(name: str, target: str, *, key: bool = False) -> Column[str]:
    """A reference to what this row goes with when it is deleted."""
    return Column(name, String, ForeignKey(target, ondelete="CASCADE"), nullable=False, primary_key=key)


def _uses(name: str, target: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    """A reference to what cannot be deleted while this row is there.

    Deferred: when a repository is deleted, its images go before or after the indexes that name them.
    """
    deferred = ForeignKey(target, deferrable=True, initially="DEFERRED")
    return Column(name, String, deferred, nullable=nullable, primary_key=key)


registries = Table(
    "registries",
    metadata,
    _key(),
    _text("folder_id"),
    _text("name"),
    Column("created_at", Timestamp, nullable=False),
    Column("labels", Fields, nullable=False),
    Index(None, "folder_id", "created_at", "id"),
    Index(None, "folder_id", "name", "id"),
)

repositories = Table(
    "repositories",
    metadata,
    _key(),
    _part_of("registry_id", "registries.id"),
    _text("name"),
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("name"),
    Index(None, "registry_id", "created_at", "id"),
    Index(None, "registry_id", "name", "id"),
)

blobs = Table(
    "blobs",
    metadata,
    _key(),
    _text("digest"),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("touched_at", Timestamp, nullable=False),  # when somebody last relied on it
    UniqueConstraint("digest"),
)

repository_blobs = Table(
    "repository_blobs",
    metadata,
    _part_of("repository_id", "repositories.id", key=True),
    _uses("blob_id", "blobs.id", key=True),
    Column("touched_at", Timestamp, nullable=False),  # when somebody last relied on it here
    Index(None, "blob_id"),
)

uploads = Table(
    "uploads",
    metadata,
    _key(),
    _part_of("repository_id", "repositories.id"),
    Column("offset", BigInteger, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Index(None, "repository_id"),
    Index(None, "created_at"),
)

# registry_id repeats what the repository says, so that a registry's images come in order from an index.
images = Table(
    "images",
    metadata,
    _key(),
    _part_of("registry_id", "registries.id"),
    _part_of("repository_id", "repositories.id"),
    _text("digest"),
    _text("media_type"),
    Column("size", BigInteger, nullable=False),
    _uses("config_id", "blobs.id", nullable=True),
    Column("created_at", Timestamp, nullable=False),
    Column("last_modified", Timestamp, nullable=False),
    Column("body", LargeBinary, nullable=False),  # last: SQLite reads the columns before it without it
    UniqueConstraint("repository_id", "digest"),
    Index(None, "repository_id", "created_at", "id"),
    Index(None, "registry_id", "created_at", "id"),
    Index(None, "repository_id", "last_modified", "created_at", "id"),
    Index(None, "registry_id", "last_modified", "created_at", "id"),
    Index(None, "registry_id", "digest", "created_at", "id"),
    Index(None, "config_id"),
)

# A foreign layer has no blob: its digest and size are what the manifest claims.
image_layers = Table(
    "image_layers",
    metadata,
    _part_of("image_id", "images.id", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _uses("blob_id", "blobs.id", nullable=True),
    _text("digest"),
    Column("size", BigInteger, nullable=False),
    Index(None, "blob_id"),
)

# What an image that came from another server shows of its blobs, where that is not what their own rows say:
# the ids that they had there, and of those that could not be had all that is known.
image_blobs = Table(
    "image_blobs",
    metadata,
    _part_of("image_id", "images.id", key=True),
    _key("digest"),
    _text("blob_id"),
    Column("size", BigInteger, nullable=False),
    Column("is_config", Boolean, nullable=False),
)

image_children = Table(
    "image_children",
    metadata,
    _part_of("image_id", "images.id", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _uses("child_id", "images.id"),
    Index(None, "child_id"),
)

# What an index names that its repository lacks, until it comes.
missing_children = Table(
    "missing_children",
    metadata,
    _part_of("image_id", "images.id", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _part_of("repository_id", "repositories.id"),
    _text("digest"),
    Index(None, "repository_id", "digest"),
)

# Manifests with a subject: signatures, SBOMs and the like. `digest` is the image's own, for pages in order.
referrers = Table(
    "referrers",
    metadata,
    _part_of("image_id", "images.id", key=True),
    _part_of("repository_id", "repositories.id"),
    _text("subject"),
    _text("digest"),
    _text("artifact_type"),
    Column("annotations", Document, nullable=False),
    Index(None, "repository_id", "subject", "digest"),
)

tags = Table(
    "tags",
    metadata,
    _part_of("repository_id", "repositories.id", key=True),
    _key("name"),
    _part_of("image_id", "images.id"),
    Column("moved_at", Timestamp, nullable=False),
    Index(None, "image_id"),
)

# Kept when images go: the same bytes read by the same indexers say the same for ever.
layers = Table(
    "layers",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("digest"),
    _text("fingerprint"),
    Column("indexed_at", Timestamp, nullable=False),
    Column("distros", Document, nullable=False),
    Column("problems", Document, nullable=False),
    Column("whiteouts", Packed, nullable=False),
    Column("opaque", Packed, nullable=False),
    Column("symlinks", Packed, nullable=False),
    Column("files", LargeBinary, nullable=False),  # keys are hashes: deflating them gains nothing
    Column("folders", LargeBinary, nullable=False),
    Column("claims", Packed, nullable=False),
    Column("contents", Packed, nullable=False),
    Column("repositories", Document, nullable=False),
    UniqueConstraint("digest", "fingerprint"),
)

packages = Table(
    "packages",
    metadata,
    Column("layer_id", Integer, ForeignKey("layers.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _text("version"),
    _text("type"),
    _text("manager"),
    _text("path"),
    _text("ecosystem"),
    _text("source"),
    _text("source_version"),
    _text("arch"),
    Column("layer", String),
    _text("purl"),
    _text("module"),
    _text("inner"),
    _text("vendor"),
    _text("owner"),
    _text("confidence"),
    _text("qualifiers"),
)

scan_results = Table(
    "scan_results",
    metadata,
    _key(),
    _part_of("image_id", "images.id"),
    _part_of("repository_id", "repositories.id"),
    Column("status", SmallInteger, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("scanned_at", Timestamp),
    Column("critical", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("medium", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("negligible", Integer, nullable=False),
    Column("undefined", Integer, nullable=False),
    _text("snapshot"),
    Column("distro", Document),
    Column("problems", Document, nullable=False),
    Index(None, "image_id", "created_at", "id"),
    Index(None, "repository_id", "created_at", "id"),
    Index(None, "image_id", "status", "created_at", "id"),
    Index(None, "repository_id", "status", "created_at", "id"),
)

scan_packages = Table(
    "scan_packages",
    metadata,
    _part_of("scan_id", "scan_results.id", key=True),
    Column("packages", Packed, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    _part_of("scan_id", "scan_results.id", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    Column("severity", SmallInteger, nullable=False),
    _text("package_name"),
    Column("aliases", Document, nullable=False),
    Column("package", Document, nullable=False),
    _text("fixed_by"),
    _text("origin"),
    _text("type"),
    _text("link"),
    _text("status"),
    Column("evidence", Document, nullable=False),
    Column("platform", String, nullable=False, server_default=""),
)

operations = Table(
    "operations",
    metadata,
    _key(),
    _text("method"),
    _text("subject"),
    _text("description"),
    Column("created_at", Timestamp, nullable=False),
    _text("created_by"),
    Column("modified_at", Timestamp, nullable=False),
    Column("metadata", Fields, nullable=False),
    Column("done", Boolean, nullable=False),
    _text("error_kind"),
    _text("error_message"),
    Column("response", LargeBinary),
)

Index(
    "uq_operations_running",
    operations.c.method,
    operations.c.subject,
    unique=True,
    sqlite_where=~operations.c.done,
    postgresql_where=~operations.c.done,
)
Index(
    "ix_operations_unfinished",
    operations.c.created_at,
    operations.c.id,
    sqlite_where=~operations.c.done,
    postgresql_where=~operations.c.done,
)

lifecycle_policies = Table(
    "lifecycle_policies",
    metadata,
    _key(),
    _part_of("repository_id", "repositories.id"),
    _text("name"),
    _text("description"),
    Column("status", SmallInteger, nullable=False),
    Column("rules", Fields, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Index(None, "repository_id", "created_at", "id"),
)

Index(
    "uq_lifecycle_policies_active",
    lifecycle_policies.c.repository_id,
    unique=True,
    sqlite_where=lifecycle_policies.c.status == literal_column("1"),
    postgresql_where=lifecycle_policies.c.status == literal_column("1"),
)

dry_runs = Table(
    "dry_runs",
    metadata,
    _key(),
    _part_of("policy_id", "lifecycle_policies.id"),
    Column("run_at", Timestamp, nullable=False),
    Column("affected", Integer, nullable=False),
    Index(None, "policy_id", "run_at", "id"),
)

dry_run_images = Table(
    "dry_run_images",
    metadata,
    _part_of("dry_run_id", "dry_runs.id", key=True),
    _part_of("image_id", "images.id", key=True),
    Index(None, "image_id"),
)

scan_policies = Table(
    "scan_policies",
    metadata,
    _key(),
    _part_of("registry_id", "registries.id"),
    _text("name"),
    _text("description"),
    Column("push_rule", Fields),
    Column("schedule_rules", Fields, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("disabled", Boolean, nullable=False),
    UniqueConstraint("registry_id"),
)

ip_permissions = Table(
    "ip_permissions",
    metadata,
    _part_of("registry_id", "registries.id", key=True),
    Column("action", SmallInteger, primary_key=True, autoincrement=False),
    _key("ip"),
)

# Which operation a key that a client sent has begun, and what exactly it asked for.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _key("caller"),
    _key("method"),
    _key("key"),
    _part_of("operation_id", "operations.id"),
    _text("request"),
    Column("created_at", Timestamp, nullable=False),
    Index(None, "operation_id"),
    Index(None, "created_at"),
)

# Who may come in. A service account has keys and API keys, a user has tokens like Yandex' OAuth tokens.
accounts = Table(
    "accounts",
    metadata,
    _key(),
    _text("type"),
    _text("name"),
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("name"),
)

# Of a key the public half, of all else the SHA-256 of the secret: what is stored opens nothing.
credentials = Table(
    "credentials",
    metadata,
    _key(),
    _part_of("account_id", "accounts.id"),
    _text("kind"),
    _text("secret"),
    Column("created_at", Timestamp, nullable=False),
    Index(None, "account_id"),
)

iam_tokens = Table(
    "iam_tokens",
    metadata,
    _key(),
    _part_of("account_id", "accounts.id"),
    Column("credential_id", String, ForeignKey("credentials.id", ondelete="CASCADE")),
    _text("secret"),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Index(None, "account_id"),
    Index(None, "credential_id"),
    Index(None, "expires_at"),
)

# The folder is a label and the cloud is the whole of careen, so that `resource_id` can refer to no table.
access_bindings = Table(
    "access_bindings",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("resource_id"),
    _text("resource_kind"),
    _text("role"),
    _text("subject_type"),
    _text("subject_id"),
    UniqueConstraint(
        "resource_id", "resource_kind", "role", "subject_type", "subject_id", name="uq_access_bindings"
    ),
    Index(None, "subject_id"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    _key(),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Timestamp, nullable=False),
)

"""Uploads that nobody goes on with are cleared away."""

from datetime import timedelta

import structlog

from careen.store import uploads
from careen.store.blob_files import LocalBlobs
from careen.store.columns import now
from careen.store.database import Database

log = structlog.get_logger(__name__)

ABANDONED = timedelta(days=7)  # after which nobody comes back to an upload


def clear_abandoned(database: Database, blobs: LocalBlobs) -> None:
    """Forget the uploads that were begun so long ago, and remove the files that no upload knows."""
    with database.write() as connection:
        expired = uploads.expire(connection, now() - ABANDONED)
        known = uploads.ids(connection)
    removed = blobs.sweep(ABANDONED, known=known)
    if expired or removed:
        log.info("abandoned uploads cleared", uploads=expired, files=removed)

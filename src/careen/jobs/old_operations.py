"""How long operations are kept."""

from datetime import timedelta

import structlog

from careen.store import idempotency, operations
from careen.store.columns import now
from careen.store.database import Database

log = structlog.get_logger(__name__)

_AT_ONCE = 500  # operations that one transaction deletes: others wait for it


def forget(database: Database, days: int) -> int:
    """Delete the operations that ended longer ago; gives their number.

    Never one that runs, nor one that the same call with its idempotency key is still to be answered with.
    """
    moment, deleted = now(), 0
    before, keys_since = moment - timedelta(days=days), moment - idempotency.KNOWN
    while True:
        with database.read() as connection:
            found = operations.superfluous(connection, before=before, keys_since=keys_since, limit=_AT_ONCE)
        if not found:
            break
        with database.write() as connection:
            deleted += operations.delete(connection, found)
    if deleted:
        log.info("old operations deleted", operations=deleted)
    return deleted

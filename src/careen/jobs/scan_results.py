"""How long results of scans are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from careen.store import scans
from careen.store.columns import now
from careen.store.database import Database

log = structlog.get_logger(__name__)

_MOST = 10_000  # results that are looked for at a time
_AT_ONCE = 100  # results that one transaction deletes: others wait for it


@dataclass(frozen=True, slots=True)
class Retention:
    """Of each image; the last result stays however old it is. Yandex' service keeps 3 for 30 days."""

    newest: int
    days: int

    def apply(self, database: Database) -> int:
        """Delete what need not be kept; gives the number of results."""
        since = now() - timedelta(days=self.days)
        deleted = 0
        while doomed := self._doomed(database, since):
            for start in range(0, len(doomed), _AT_ONCE):
                with database.write() as connection:
                    deleted += scans.delete(connection, doomed[start : start + _AT_ONCE])
        if deleted:
            log.info("old scan results deleted", results=deleted)
        return deleted

    def _doomed(self, database: Database, since: datetime) -> Sequence[str]:
        with database.read() as connection:
            return scans.superfluous(connection, newest=self.newest, since=since, limit=_MOST)

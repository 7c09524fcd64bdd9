"""What lifecycle policies delete, as events of the audit log."""

from collections.abc import Callable
from dataclasses import dataclass

from careen.audit.changes import events_of
from careen.audit.event import Origin
from careen.audit.trail import Trail
from careen.model.access import Identity, SubjectType
from careen.store import images, journal
from careen.store.database import Database
from careen.store.journal import Change, ImageDeleted

_BY = Origin(Identity("lifecycle-policy", SubjectType.SYSTEM))


@dataclass(frozen=True, slots=True)
class Recorded:
    """`work`, whose deletions are written down; raises what it raises, and Unavailable as Trail.require."""

    work: Callable[[], object]
    database: Database
    trail: Trail

    def __call__(self) -> None:
        self.trail.require()
        with journal.watching() as changes:
            try:
                self.work()
            finally:
                self.trail.write(*events_of(self.database, self._done(changes), _BY, {}))

    def _done(self, changes: list[Change]) -> list[Change]:
        """Without what was rolled back: a round is many transactions, of which one may fail."""
        with self.database.read() as connection:
            return [
                each
                for each in changes
                if isinstance(each, ImageDeleted) and images.get(connection, each.image.id) is None
            ]

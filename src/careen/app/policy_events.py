"""What lifecycle policies delete, as events of the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from careen.audit.changes import events_of
from careen.audit.event import Origin
from careen.audit.trail import Trail
from careen.model.access import Identity, SubjectType
from careen.store import journal
from careen.store.database import Database
from careen.store.journal import ImageDeleted

_BY = Origin(Identity("lifecycle-policy", SubjectType.SYSTEM))


@dataclass(frozen=True, slots=True)
class Recorded:
    """Called around each transaction of a round, so that a kill costs the events of one at most."""

    database: Database
    trail: Trail

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Raises Unavailable, before anything is done, where nothing can be recorded."""
        self.trail.require()
        with journal.watching() as changes:
            yield
        deleted = [each for each in changes if isinstance(each, ImageDeleted)]
        self.trail.write(*events_of(self.database, deleted, _BY, {}))

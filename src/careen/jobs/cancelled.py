"""A Cancel that came in through another process ends the work here, too."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from careen.store import operations
from careen.store.database import Database
from careen.store.inserts import batched

INTERVAL = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class CancelWatch:
    """`look` reads the rows of what is at work here, and asks nothing where there is no work."""

    database: Database
    at_work: Callable[[], Collection[str]]  # ids of operations
    leave: Callable[[str], object]  # ends what the operation of that id has begun

    def look(self) -> None:
        for at_work in batched(self.at_work()):
            with self.database.read() as connection:
                running = operations.still_running(connection, at_work)
            for operation_id in {*at_work} - running:
                self.leave(operation_id)

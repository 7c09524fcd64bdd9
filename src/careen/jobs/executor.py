"""The embedded executor: threads that carry out operations, and take up what an earlier process left."""

import threading
from collections.abc import Callable

import structlog

from careen.jobs.crew import Crew
from careen.model.registry import Operation
from careen.store import operations
from careen.store.database import Database

log = structlog.get_logger(__name__)


class Executor:
    """Runs each operation once at a time.

    The operation's row is the truth: what is not done there is taken up again at the next start, so `run`
    must be safe to repeat and must end by marking the operation done.
    """

    def __init__(self, database: Database, run: Callable[[Operation], None], *, workers: int) -> None:
        self._database = database
        self._run = run
        self._taken: set[str] = set()
        self._lock = threading.Lock()
        self._crew = Crew("executor", self._work, size=workers)

    def start(self) -> None:
        with self._database.read() as connection:
            left = operations.unfinished(connection)
        for operation in left:
            self.submit(operation.id)
        if left:
            log.info("operations taken up again", count=len(left))

    def submit(self, operation_id: str) -> None:
        with self._lock:
            if operation_id in self._taken:
                return
            self._taken.add(operation_id)
        self._crew.put(operation_id)

    def stop(self) -> None:
        """What is not done when the process ends is left to the next start."""
        self._crew.stop()

    def _work(self, operation_id: str) -> None:
        try:
            self._carry_out(operation_id)
        except Exception:  # the edge of a worker: one bad operation must not end the thread
            log.exception("operation failed to run", operation=operation_id)
        finally:
            with self._lock:
                self._taken.discard(operation_id)

    def _carry_out(self, operation_id: str) -> None:
        with self._database.read() as connection:
            operation = operations.get(connection, operation_id)
        if operation is not None and not operation.done:
            self._run(operation)

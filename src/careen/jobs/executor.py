"""The embedded executor: threads that carry out operations, and take up what an earlier process left."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from careen.jobs.crew import Crew
from careen.model.registry import Operation
from careen.store import operations
from careen.store.database import Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Later:
    """An operation goes on by `then`, when all of `after` are done; no thread waits for that."""

    after: Sequence[Future[Any]]
    then: "Callable[[], Later | None]"


Step = Callable[[], Later | None]


class Executor:
    """Runs each operation once at a time.

    The operation's row is the truth: what is not done there is taken up again at the next start, so `run`
    must be safe to repeat and must end by marking the operation done.
    """

    def __init__(self, database: Database, run: Callable[[Operation], Later | None], *, workers: int) -> None:
        self._database = database
        self._run = run
        self._taken: set[str] = set()
        self._lock = threading.Lock()
        self._crew: Crew[tuple[str, Step]] = Crew("executor", self._work, size=workers)

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
        self._crew.put((operation_id, partial(self._carry_out, operation_id)))

    def stop(self) -> None:
        """What is not done when the process ends is left to the next start."""
        self._crew.stop()

    def _work(self, step: tuple[str, Step]) -> None:
        operation_id, go = step
        later = None
        try:
            later = go()
        except Exception:  # the edge of a worker: one bad operation must not end the thread
            log.exception("operation failed to run", operation=operation_id)
        if later is None:
            with self._lock:
                self._taken.discard(operation_id)
        else:
            _when_done(later.after, partial(self._crew.put, (operation_id, later.then)))

    def _carry_out(self, operation_id: str) -> Later | None:
        with self._database.read() as connection:
            operation = operations.get(connection, operation_id)
        return None if operation is None or operation.done else self._run(operation)


def _when_done(futures: Sequence[Future[Any]], go_on: Callable[[], None]) -> None:
    """Call it once, in the thread that ends the last of them."""
    left = len(futures)
    lock = threading.Lock()

    def count(_: object) -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = left == 0
        if is_last:
            go_on()

    for future in futures:
        future.add_done_callback(count)
    if not futures:
        go_on()

"""Layers are read once: indexed when they arrive, kept by digest and indexer fingerprint, read from there."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

import structlog

from careen import indexing
from careen.images.budgets import BudgetExceeded, CorruptLayer
from careen.jobs.child import LayerSource
from careen.jobs.crew import Crew
from careen.model.digest import Digest
from careen.model.layer import LayerIndex
from careen.model.problem import Problem, ProblemKind
from careen.store import layers
from careen.store.database import Database

log = structlog.get_logger(__name__)


class Indexing:
    """`index` reads one layer (in a child process); at most `workers` do so at a time, the largest first."""

    def __init__(
        self, database: Database, index: Callable[[LayerSource], LayerIndex], *, workers: int
    ) -> None:
        self._database = database
        self._index = index
        self._fingerprint = indexing.fingerprint()
        self._crew = Crew("indexing", self._fulfil, size=workers)
        self._running: dict[Digest, Future[LayerIndex]] = {}
        self._lock = threading.Lock()

    def ensure(self, sources: Sequence[LayerSource]) -> list[LayerIndex]:
        """The index of each layer, in order; what is not kept yet is read now, or waited for.

        A layer that cannot be read comes as an index with the Problem that says why. Raises what the store
        and the file system raise.
        """
        futures = {
            source.digest: self._begin(source)
            for source in sorted(sources, key=lambda source: source.size, reverse=True)
        }
        return [futures[source.digest].result() for source in sources]

    def soon(self, sources: Iterable[LayerSource]) -> None:
        """Begin to index without waiting."""
        for source in sorted(sources, key=lambda source: source.size, reverse=True):
            self._begin(source)

    def close(self) -> None:
        """Nobody is told that a layer will not come: who waits for one ends with the process, too."""
        self._crew.stop()

    def _begin(self, source: LayerSource) -> Future[LayerIndex]:
        with self._lock:
            if source.digest in self._running:
                return self._running[source.digest]
            future = self._running[source.digest] = Future()
        self._crew.put((source, future))
        return future

    def _fulfil(self, promise: tuple[LayerSource, Future[LayerIndex]]) -> None:
        source, future = promise
        try:
            index = self._obtain(source)
        except Exception as error:  # noqa: BLE001 - it is raised where the index is waited for
            self._forget(source.digest)
            future.set_exception(error)
        else:
            self._forget(source.digest)
            future.set_result(index)

    def _forget(self, digest: Digest) -> None:
        with self._lock:
            self._running.pop(digest, None)

    def _obtain(self, source: LayerSource) -> LayerIndex:
        with self._database.read() as connection:
            kept = layers.get(connection, source.digest, self._fingerprint)
        if kept is not None:
            return kept
        try:
            found = self._index(source)
        except (BudgetExceeded, CorruptLayer) as error:
            log.warning("layer not indexed", digest=source.digest, reason=error.message)
            return LayerIndex(source.digest, problems=(_problem(source.digest, error),))
        with self._database.write() as connection:
            layers.put(connection, self._fingerprint, found)
        log.info("layer indexed", digest=source.digest, packages=len(found.packages))
        return found


def _problem(digest: Digest, error: BudgetExceeded | CorruptLayer) -> Problem:
    exceeded = isinstance(error, BudgetExceeded)
    kind = ProblemKind.BUDGET_EXCEEDED if exceeded else ProblemKind.CORRUPT_LAYER
    return Problem(kind, "", f"layer {digest}: {error.message}")

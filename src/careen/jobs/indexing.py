"""Layers are read once: indexed when they arrive, kept by digest and indexer fingerprint, read from there."""

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path

import structlog

from careen import indexing
from careen.errors import Cancelled
from careen.images.budgets import BudgetExceeded, CorruptLayer
from careen.jobs.child import LayerSource
from careen.jobs.task import Reader, Task
from careen.jobs.turns import Turns
from careen.model.digest import Digest
from careen.model.layer import LayerIndex
from careen.model.problem import Problem, ProblemKind
from careen.store import layers
from careen.store.database import Database

log = structlog.get_logger(__name__)

_TURN = 0.5  # seconds after which another image's layer may have its turn
_PLACES = 2  # layers, for each worker, that may be begun and not ended at a time
FOLLOWED = 6  # uploads that are read while they come; a docker or skopeo pushes 5 or 6 layers at a time
_PATIENCE = 60.0  # seconds without a byte, after which an upload is not followed any more
_PATIENCE_IN_NEED = 5.0  # the same, where another upload wants its place


class Indexing:
    """`begin` reads a layer, as `Reading` does; at most `workers` are at work at a time.

    Images have their turns fairly, whatever their layers are; of one image the largest layer goes first.
    A child that waits for bytes of an upload is not at work.
    """

    def __init__(self, database: Database, begin: Reader, *, workers: int) -> None:
        self._database = database
        self._reader = begin
        self.fingerprint = indexing.fingerprint()
        self._lock = threading.Lock()
        self._running: dict[Digest, Task] = {}
        self._followed: list[Task] = []
        self._turns: Turns[Task] = Turns(places=_PLACES * workers)
        for number in range(workers):
            threading.Thread(target=self._labour, name=f"indexing-{number}", daemon=True).start()

    def begin(self, sources: Sequence[LayerSource], *, whose: str = "") -> list[Future[LayerIndex]]:
        """The index of each layer, in order; what is not kept yet is read from now on.

        `whose` names the image. A layer that cannot be read comes as an index with the Problem that says
        why. This raises what the store does, the futures also what the file system does.
        """
        kept = self._kept({source.digest for source in sources})
        missing = [source for source in sources if source.digest not in kept]
        begun = {task.digest: task for task in self._start(missing, whose)}
        return [
            _done(kept[source.digest]) if source.digest in kept else begun[source.digest].index
            for source in sources
        ]

    def ensure(self, sources: Sequence[LayerSource], *, whose: str = "") -> list[LayerIndex]:
        """As `begin`, and waits."""
        return [future.result() for future in self.begin(sources, whose=whose)]

    def soon(
        self, sources: Iterable[LayerSource], *, whose: str = "", wanted_by: str = ""
    ) -> dict[Digest, Future[LayerIndex]]:
        """Begin with the layers that are not kept yet; returns those.

        The operation `wanted_by` may `leave`, after which its futures may raise Cancelled.
        """
        found = list(sources)
        with self._database.read() as connection:
            missing = set(layers.missing(connection, [each.digest for each in found], self.fingerprint))
        wanted = {source.digest: source for source in found if source.digest in missing}
        begun = self._start(wanted.values(), whose, wanted_by)
        return {task.digest: task.index for task in begun if task.digest}

    def waiting(self) -> frozenset[str]:
        """The operations that wait for layers which are being read."""
        with self._lock:
            return frozenset().union(*(task.wanted_by for task in self._running.values()))

    def leave(self, operation_id: str) -> None:
        """The operation has ended: what no other waits for is not read on, and its child is killed."""
        with self._lock:
            for task in [each for each in self._running.values() if operation_id in each.wanted_by]:
                task.wanted_by.remove(operation_id)
                if not task.wanted_by:
                    del self._running[_digest(task)]  # whoever wants it later begins anew
                    self._drop(task)

    def follow(self, path: Path, size: int, *, whose: str) -> Task | None:
        """Read a blob of which `size` bytes are in a file that grows; None when too many others do."""
        task = Task(whose, path, 0, size, is_followed=True, is_begun=True)
        with self._lock:
            if len(self._followed) >= FOLLOWED and not self._release(_PATIENCE_IN_NEED):
                return None
            self._followed.append(task)
        self._turns.put(task)
        return task

    def grow(self, task: Task, size: int) -> None:
        """More of the blob is there."""
        with self._lock:
            task.size = size
            self._wake(task)

    def complete(self, task: Task, source: LayerSource) -> None:
        """The blob is whole: its bytes were verified and lie there now."""
        with self._lock:
            if task.is_over or task.is_dropped or source.digest in self._running:
                self._drop(task)
            else:
                self._running[source.digest] = task
                task.become(source)
                self._wake(task)
                return
        self.soon([source], whose=task.whose)

    def drop(self, task: Task) -> None:
        """The blob will not come."""
        with self._lock:
            self._drop(task)

    def close(self) -> None:
        """Nobody is told that a layer will not come: who waits for one ends with the process, too."""
        with self._lock:
            for task in (*self._turns.close(), *(each for each in self._followed if each.idle_since)):
                task.close()

    def _start(self, sources: Iterable[LayerSource], whose: str, wanted_by: str = "") -> list[Task]:
        largest_first = sorted(sources, key=lambda each: each.size, reverse=True)
        return [self._task(each, whose, wanted_by) for each in largest_first]

    def _task(self, source: LayerSource, whose: str, wanted_by: str) -> Task:
        with self._lock:
            task = self._running.get(source.digest)
            is_new = task is None
            if task is None:
                task = self._running[source.digest] = Task.of(source, whose)
            if wanted_by:
                task.wanted_by.add(wanted_by)
        if is_new:
            self._turns.put(task)
        return task

    def _labour(self) -> None:
        while not self._turns.is_closed:
            task = self._turns.take(_PATIENCE)
            if task is not None:
                self._work(task)
            with self._lock:
                self._release(_PATIENCE)

    def _work(self, task: Task) -> None:
        try:
            found = None if task.is_dropped else self._read(task)
        except Exception as error:  # noqa: BLE001 - it is raised where the index is waited for
            self._fail(task, error)
        else:
            if found is None:
                self._rest(task)
            else:
                self._end(task)
                task.index.set_result(found)

    def _read(self, task: Task) -> LayerIndex | None:
        """One turn; at the end what the layer holds, which is kept then."""
        if task.digest is not None and not task.is_started and (kept := self._kept([task.digest])):
            return kept[task.digest]
        found = task.turn(self._reader, _TURN)
        if found is not None:
            with self._database.write() as connection:
                layers.put(connection, self.fingerprint, found)
            log.info("layer indexed", digest=found.digest, packages=len(found.packages))
        return found

    def _rest(self, task: Task) -> None:
        with self._lock:
            if task.is_dropped or self._turns.is_closed:
                self._remove(task)
                if task.is_dropped:
                    task.index.set_exception(Cancelled("nobody waits for the layer any more"))
                return
            task.rest()
            if not task.idle_since:
                self._turns.put(task)

    def _fail(self, task: Task, error: Exception) -> None:
        with self._lock:
            self._remove(task)
            if task.is_followed:  # what was read may not be the blob as it was verified
                if task.source is not None:
                    again = self._running[task.source.digest] = task.restarted(task.source)
                    self._turns.put(again)
                return
        if isinstance(error, BudgetExceeded | CorruptLayer):
            log.warning("layer not indexed", digest=task.digest, reason=error.message)
            assert task.digest is not None
            task.index.set_result(LayerIndex(task.digest, problems=(_problem(task.digest, error),)))
        else:
            task.index.set_exception(error)

    def _end(self, task: Task) -> None:
        with self._lock:
            self._remove(task)

    def _remove(self, task: Task) -> None:
        task.close()
        if task.is_followed:
            self._followed.remove(task)
        else:
            self._turns.give_up_place(task)
        if task.digest is not None and self._running.get(task.digest) is task:
            del self._running[task.digest]

    def _wake(self, task: Task) -> None:
        if task.idle_since and task.has_news:
            task.idle_since = 0.0
            self._turns.put(task)

    def _drop(self, task: Task) -> None:
        task.is_dropped = True
        self._wake(task)

    def _release(self, patience: float) -> bool:
        """Follow no longer the upload that has been idle for longest, if it was for so many seconds."""
        idle = [task for task in self._followed if task.idle_since]
        longest = min(idle, key=lambda task: task.idle_since, default=None)
        if longest is None or time.monotonic() - longest.idle_since < patience:
            return False
        self._drop(longest)
        return True

    def _kept(self, digests: Iterable[Digest]) -> dict[Digest, LayerIndex]:
        with self._database.read() as connection:
            found = (layers.get(connection, digest, self.fingerprint) for digest in digests)
            return {index.digest: index for index in found if index is not None}


def _digest(task: Task) -> Digest:
    assert task.digest is not None
    return task.digest


def _done(index: LayerIndex) -> Future[LayerIndex]:
    future: Future[LayerIndex] = Future()
    future.set_result(index)
    return future


def _problem(digest: Digest, error: BudgetExceeded | CorruptLayer) -> Problem:
    exceeded = isinstance(error, BudgetExceeded)
    kind = ProblemKind.BUDGET_EXCEEDED if exceeded else ProblemKind.CORRUPT_LAYER
    return Problem(kind, "", f"layer {digest}: {error.message}")

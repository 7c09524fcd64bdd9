"""Scan: index what is missing, squash, match, and write the result together with the end of its operation."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from careen.errors import Cancelled, Error, Internal, Invalid, NotFound
from careen.images.budgets import Budgets
from careen.images.squash import squash
from careen.jobs import platforms
from careen.jobs.executor import Later
from careen.jobs.indexing import Indexing
from careen.jobs.layers import layer_sources
from careen.jobs.platforms import Part
from careen.jobs.snapshots import Snapshots
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model import ids
from careen.model.digest import Digest
from careen.model.finding import Verdict
from careen.model.inventory import Inventory
from careen.model.layer import LayerIndex
from careen.model.problem import Problem
from careen.model.registry import Image, Operation, ScanResult, ScanStatus
from careen.store import idempotency, images, operations, scans
from careen.store.blob_files import LocalBlobs
from careen.store.columns import now
from careen.store.database import Database
from careen.store.idempotency import Attempt
from careen.store.operations import Running

log = structlog.get_logger(__name__)

METHOD = "yandex.cloud.containerregistry.v1.ScannerService.Scan"

_SNAPSHOT_POLL = 0.2  # seconds
_TOLD = 3  # problems that an operation's error spells out


class CannotJudge(Invalid):
    """The image's counts would be silence: says which problems stand in the way."""


@dataclass(frozen=True, slots=True)
class Scans:
    """The door's side: begins scans."""

    database: Database
    submit: Callable[[str], None]
    leave: Callable[[str], None]  # ends what the operation of that id has begun

    def start(self, image: Image, *, caller: str, attempt: Attempt | None = None) -> Operation:
        """The operation of a new scan, or of the one that is at work on this image already.

        Raises Repeated when `attempt` has begun one.
        """
        try:
            operation = self._begin(image, caller, attempt)
        except Running:  # another process was quicker
            operation = self._begin(image, caller, attempt)
        self.submit(operation.id)
        return operation

    def cancelled(self, operation_id: str) -> None:
        """Its row says so already: stop its work."""
        self.leave(operation_id)

    def _begin(self, image: Image, caller: str, attempt: Attempt | None) -> Operation:
        moment = now()
        with self.database.write() as connection:
            operation = operations.running(connection, METHOD, image.id)
            if operation is None:
                operation = _new(connection, image, caller, moment)
            if attempt is not None:
                idempotency.remember(connection, attempt, operation.id, moment)
        return operation


def _new(connection: Connection, image: Image, caller: str, moment: datetime) -> Operation:
    result = ScanResult(ids.new(ids.SCAN_RESULT), image.id, ScanStatus.RUNNING, moment)
    operation = Operation(
        id=ids.new(),
        method=METHOD,
        subject=image.id,
        description=f"Scan image {image.id}",
        created_at=moment,
        created_by=caller,
        modified_at=moment,
        metadata={"scan_result_id": result.id},
    )
    scans.add(connection, result)
    operations.add(connection, operation)
    return operation


@dataclass(frozen=True, slots=True)
class ScanJob:
    """The worker's side: carries a scan out. Safe to repeat: only the first end of an operation counts."""

    database: Database
    blobs: LocalBlobs
    indexing: Indexing
    snapshots: Snapshots
    kernel_headers: bool = False  # as matcher.match has it
    budgets: Budgets = field(default_factory=Budgets)
    ended: Callable[[str], object] = str  # is told the id of each operation that this job has ended

    def __call__(self, operation: Operation) -> Later | None:
        """Goes on when the layers are indexed."""
        return self._answering(operation, partial(self._begin, operation))

    def _answering(self, operation: Operation, step: Callable[[], Later | None]) -> Later | None:
        """`step`; whoever waits gets an answer also when it fails."""
        try:
            return step()
        except Error as error:
            self._fail(operation, error)
        except Exception:  # the edge of a worker
            log.exception("scan crashed", operation=operation.id, image=operation.subject)
            self._fail(operation, Internal("careen failed to scan the image; its log tells more"))
        return None

    def _begin(self, operation: Operation) -> Later | None:
        with self.database.read() as connection:
            image = images.get(connection, operation.subject)
            if image is None:
                raise NotFound.of("Image", operation.subject)
            parts, problems = platforms.parts(connection, image)
        if not parts:
            raise CannotJudge(_told(problems))
        for part in parts:
            self.budgets.check("layers", len(part.manifest.layers), "layers of an image")
        sources = [source for part in parts for source in layer_sources(part.manifest, self.blobs)[0]]
        begun = self.indexing.soon(sources, whose=image.id, wanted_by=operation.id)
        end = partial(self._end, operation, parts, problems, begun)
        if not begun:
            return end()
        return Later(list(begun.values()), partial(self._answering, operation, end))

    def _end(
        self,
        operation: Operation,
        parts: Sequence[Part],
        problems: Sequence[Problem],
        begun: Mapping[Digest, Future[LayerIndex]],
    ) -> None:
        inventories = [self._inventory(operation, part, begun) for part in parts]
        snapshot = self._await_snapshot(operation)  # one for all
        verdicts = [match(each, snapshot, kernel_headers=self.kernel_headers) for each in inventories]
        self._finish(operation, platforms.combined(list(zip(parts, verdicts, strict=True)), problems))

    def _inventory(
        self, operation: Operation, part: Part, begun: Mapping[Digest, Future[LayerIndex]]
    ) -> Inventory:
        sources, problems = layer_sources(part.manifest, self.blobs)
        kept = self.indexing.ensure([source for source in sources if source.digest not in begun])
        layers = {index.digest: index for index in kept}
        layers |= {digest: future.result() for digest, future in begun.items()}
        self._stop_if_ended(operation)
        inventory = squash([layers[source.digest] for source in sources], self.budgets)
        return replace(inventory, problems=tuple(sorted({*inventory.problems, *problems})))

    def _await_snapshot(self, operation: Operation) -> Snapshot:
        """A scan that comes before the first snapshot waits for it: no advisories are no answer."""
        while (snapshot := self.snapshots.current()) is None:
            self._stop_if_ended(operation)
            time.sleep(_SNAPSHOT_POLL)
        return snapshot

    def _stop_if_ended(self, operation: Operation) -> None:
        """Raises Cancelled when nobody waits for the end any more."""
        with self.database.read() as connection:
            current = operations.get(connection, operation.id)
        if current is None or current.done:
            raise Cancelled(f"operation {operation.id} has ended already")

    def _finish(self, operation: Operation, verdict: Verdict) -> None:
        moment = now()
        status = ScanStatus.ERROR if verdict.fatal else ScanStatus.READY
        error = CannotJudge(_told(verdict.fatal)) if verdict.fatal else None
        with self.database.write() as connection:
            scans.finish(connection, operation.metadata["scan_result_id"], verdict, status, moment)
            is_ours = operations.finish(
                connection,
                operation.id,
                now=moment,
                error_kind="Invalid" if error else "",
                error_message=error.message if error else "",
                description=_description(operation, verdict),
            )
        log.info("scan ended", image=operation.subject, status=status.name, findings=len(verdict.findings))
        if is_ours:
            self.ended(operation.id)

    def _fail(self, operation: Operation, error: Error) -> None:
        moment = now()
        with self.database.write() as connection:
            scans.fail(connection, operation.metadata["scan_result_id"], moment)
            is_ours = operations.finish(
                connection,
                operation.id,
                now=moment,
                error_kind=error.kind,
                error_message=error.message,
            )
        log.warning("scan failed", image=operation.subject, reason=error.message)
        if is_ours:
            self.ended(operation.id)


def _told(problems: Sequence[Problem]) -> str:
    told = "; ".join(f"{problem.kind}: {problem.message}" for problem in problems[:_TOLD])
    more = len(problems) - _TOLD
    return f"The image cannot be judged: {told}" + (f"; and {more} more" if more > 0 else "")


def _description(operation: Operation, verdict: Verdict) -> str:
    """Yandex' ScanResult has no room for problems, so the operation's description points to them."""
    said = f"Scan image {operation.subject}"
    if verdict.problems:
        said += f"; problems: {len(verdict.problems)}, see /careen/v1/scans/"
        said += operation.metadata["scan_result_id"]
    return said

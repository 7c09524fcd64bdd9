from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from careen.errors import Exists
from careen.model import ids
from careen.model.registry import Operation
from careen.store import operations
from careen.store.database import Database

SCAN = "yandex.cloud.containerregistry.v1.ScannerService.Scan"
START = datetime(2026, 11, 10, 12, tzinfo=UTC)
END = START + timedelta(seconds=2, milliseconds=7)


def operation(subject: str = "crp1", *, started: datetime = START) -> Operation:
    return Operation(
        id=ids.new(),
        method=SCAN,
        subject=subject,
        description="Scan image",
        created_at=started,
        created_by="ajeuser",
        modified_at=started,
        metadata={"scan_result_id": "che1", "image_id": subject},
    )


def test_an_operation_comes_back_as_it_was_added(database: Database) -> None:
    added = operation()
    with database.write() as connection:
        operations.add(connection, added)
    with database.read() as connection:
        assert operations.get(connection, added.id) == added
        assert operations.running(connection, SCAN, "crp1") == added
        assert operations.running(connection, SCAN, "crp2") is None
        assert operations.get(connection, "crp1") is None


def test_two_operations_cannot_run_on_one_subject(database: Database) -> None:
    first = operation()
    with database.write() as connection:
        operations.add(connection, first)
        with pytest.raises(Exists):
            operations.add(connection, operation())
        operations.add(connection, operation("crp2"))
        assert operations.running(connection, SCAN, "crp1") == first


def test_of_many_that_start_at_once_one_runs(database: Database) -> None:
    def start(_: int) -> bool:
        try:
            with database.write() as connection:
                operations.add(connection, operation())
        except Exists:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(start, range(16))) == 1
    with database.read() as connection:
        assert len(operations.unfinished(connection)) == 1


def test_an_operation_ends_once(database: Database) -> None:
    running = operation()
    with database.write() as connection:
        operations.add(connection, running)
        assert operations.finish(connection, running.id, now=END)
        late = END + timedelta(seconds=1)
        assert not operations.finish(connection, running.id, now=late, error_kind="Internal")
        assert not operations.finish(connection, "crpnone", now=late)
        assert operations.get(connection, running.id) == replace(running, done=True, modified_at=END)
        assert operations.running(connection, SCAN, "crp1") is None


def test_an_operation_ends_with_an_error_and_a_new_description(database: Database) -> None:
    running = operation()
    with database.write() as connection:
        operations.add(connection, running)
        operations.finish(
            connection,
            running.id,
            now=END,
            error_kind="NotFound",
            error_message="Image crp1 not found",
            description="Scan image crp1",
        )
        assert operations.get(connection, running.id) == replace(
            running,
            done=True,
            modified_at=END,
            error_kind="NotFound",
            error_message="Image crp1 not found",
            description="Scan image crp1",
        )


def test_a_new_operation_may_run_when_the_last_has_ended(database: Database) -> None:
    with database.write() as connection:
        for _ in range(3):
            again = operation()
            operations.add(connection, again)
            operations.finish(connection, again.id, now=END)
        operations.add(connection, operation())


def test_unfinished_operations_come_oldest_first(database: Database) -> None:
    started = [START + timedelta(minutes=minute) for minute in (3, 1, 2, 0)]
    added = [operation(f"crp{number}", started=moment) for number, moment in enumerate(started)]
    with database.write() as connection:
        for one in added:
            operations.add(connection, one)
        operations.finish(connection, added[2].id, now=END)
        assert operations.unfinished(connection) == [added[3], added[1], added[0]]

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial

import pytest

from careen.jobs.executor import Executor, Later
from careen.model import ids
from careen.model.registry import Operation
from careen.store import operations
from careen.store.database import Database

METHOD = "yandex.cloud.containerregistry.v1.ScannerService.Scan"


def begun(database: Database) -> Operation:
    now = datetime.now(UTC)
    operation = Operation(ids.new(), METHOD, ids.new(), "", now, "anonymous", now, {})
    with database.write() as connection:
        operations.add(connection, operation)
    return operation


def end(database: Database, operation: Operation) -> None:
    with database.write() as connection:
        operations.finish(connection, operation.id, now=datetime.now(UTC))


def eventually(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.01)
    return False


def test_what_an_earlier_process_left_is_taken_up_at_the_start(sqlite_database: Database) -> None:
    left = [begun(sqlite_database) for _ in range(3)]
    done: list[str] = []

    def run(operation: Operation) -> None:
        end(sqlite_database, operation)
        done.append(operation.id)

    executor = Executor(sqlite_database, run, workers=2)
    executor.start()
    assert eventually(lambda: sorted(done) == sorted(operation.id for operation in left))
    executor.stop()


def test_an_operation_that_is_submitted_twice_runs_once(sqlite_database: Database) -> None:
    runs: list[str] = []
    gate = threading.Event()

    def run(operation: Operation) -> None:
        runs.append(operation.id)
        gate.wait(10)
        end(sqlite_database, operation)

    executor = Executor(sqlite_database, run, workers=4)
    executor.start()
    operation = begun(sqlite_database)
    for _ in range(5):
        executor.submit(operation.id)
    assert eventually(lambda: bool(runs))
    gate.set()
    with sqlite_database.read() as connection:
        assert operations.get(connection, operation.id) is not None
    time.sleep(0.1)
    assert runs == [operation.id]
    executor.stop()


def test_an_operation_that_crashes_does_not_end_its_worker(
    sqlite_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = begun(sqlite_database), begun(sqlite_database)
    done: list[str] = []

    def run(operation: Operation) -> None:
        if operation.id == bad.id:
            raise ZeroDivisionError
        end(sqlite_database, operation)
        done.append(operation.id)

    executor = Executor(sqlite_database, run, workers=1)
    executor.start()
    assert eventually(lambda: done == [good.id])
    executor.stop()
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_a_finished_operation_is_not_run_again(sqlite_database: Database) -> None:
    operation = begun(sqlite_database)
    end(sqlite_database, operation)
    runs: list[str] = []
    executor = Executor(sqlite_database, lambda operation: runs.append(operation.id), workers=1)
    executor.start()
    executor.submit(operation.id)
    other = begun(sqlite_database)
    executor.submit(other.id)
    assert eventually(lambda: other.id in runs)
    assert operation.id not in runs
    executor.stop()


def test_operations_that_wait_hold_no_worker(sqlite_database: Database) -> None:
    slow, quick = begun(sqlite_database), begun(sqlite_database)
    layers: list[Future[int]] = [Future(), Future()]
    done: list[str] = []

    def finish(operation: Operation) -> None:
        end(sqlite_database, operation)
        done.append(operation.id)

    def run(operation: Operation) -> Later | None:
        if operation.id == slow.id:
            return Later(layers, partial(finish, operation))
        finish(operation)
        return None

    executor = Executor(sqlite_database, run, workers=1)
    executor.submit(slow.id)
    executor.submit(quick.id)
    assert eventually(lambda: done == [quick.id])
    layers[0].set_result(1)
    executor.submit(slow.id)  # it is at work already
    time.sleep(0.1)
    assert done == [quick.id]
    layers[1].set_exception(OSError("gone"))  # that is for `then` to find
    assert eventually(lambda: done == [quick.id, slow.id])
    executor.stop()

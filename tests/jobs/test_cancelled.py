"""Who else ended the operations that are at work here."""

import pytest

from careen.jobs.cancelled import CancelWatch
from careen.model import ids
from careen.model.registry import Operation
from careen.store import operations
from careen.store.columns import now
from careen.store.database import Database


@pytest.fixture
def begun(database: Database) -> list[str]:
    """Two operations that run."""
    made = [
        Operation(ids.new(), "Scan", subject, "", now(), "anonymous", now(), {}) for subject in ("one", "two")
    ]
    with database.write() as connection:
        for operation in made:
            operations.add(connection, operation)
    return [operation.id for operation in made]


def test_only_what_has_ended_is_left(database: Database, begun: list[str]) -> None:
    left: list[str] = []
    watch = CancelWatch(database, lambda: begun, left.append)
    watch.look()
    assert left == []
    with database.write() as connection:
        operations.finish(connection, begun[1], now=now(), error_kind="Cancelled")
    watch.look()
    assert left == [begun[1]]


def test_an_operation_without_a_row_has_ended(database: Database) -> None:
    left: list[str] = []
    CancelWatch(database, lambda: ["gone"], left.append).look()
    assert left == ["gone"]

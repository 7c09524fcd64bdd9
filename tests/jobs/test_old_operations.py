"""Which operations are kept."""

from datetime import datetime, timedelta

import pytest

from careen.errors import Exists
from careen.jobs import old_operations
from careen.model import ids
from careen.model.registry import Operation
from careen.store import idempotency, operations
from careen.store.columns import now
from careen.store.database import Database
from careen.store.idempotency import Attempt

DELETE = "yandex.cloud.containerregistry.v1.ImageService.Delete"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
CALL = Attempt("ajeci", DELETE, "key", "digest of the request")


def add(database: Database, ended: datetime | None, *, key_from: datetime | None = None) -> str:
    """The id of an operation that ended then, or runs."""
    begun = (ended or now() - 400 * DAY) - SECOND
    one = Operation(ids.new(), DELETE, ids.new(), "", begun, "ajeci", begun, {})
    with database.write() as connection:
        operations.add(connection, one)
        if key_from is not None:
            idempotency.remember(connection, CALL, one.id, key_from)
        if ended is not None:
            operations.finish(connection, one.id, now=ended)
    return one.id


def is_kept(database: Database, operation_id: str) -> bool:
    with database.read() as connection:
        return operations.get(connection, operation_id) is not None


@pytest.mark.parametrize(
    ("ended", "stays"), [(0 * DAY, True), (30 * DAY - 60 * SECOND, True), (30 * DAY + SECOND, False)]
)
def test_an_operation_is_kept_for_its_days_after_its_end(
    database: Database, ended: timedelta, *, stays: bool
) -> None:
    one = add(database, now() - ended)
    assert old_operations.forget(database, 30) == (0 if stays else 1)
    assert is_kept(database, one) == stays


def test_one_that_runs_is_kept_however_old_it_is(database: Database) -> None:
    one = add(database, None)
    assert old_operations.forget(database, 1) == 0
    assert is_kept(database, one)


def test_one_that_a_call_with_its_key_is_promised_is_kept(database: Database) -> None:
    one = add(database, now() - 2 * DAY, key_from=now() - DAY + 60 * SECOND)
    assert old_operations.forget(database, 1) == 0
    with database.read() as connection:
        assert idempotency.operation_of(connection, CALL) == one


def test_a_key_that_is_too_old_to_promise_anything_goes_with_its_operation(database: Database) -> None:
    one = add(database, now() - 3 * DAY, key_from=now() - 2 * DAY)
    assert old_operations.forget(database, 1) == 1
    assert not is_kept(database, one)
    with database.read() as connection:
        assert idempotency.operation_of(connection, CALL) is None


def test_thousands_are_deleted_in_one_round_and_the_rest_stays(database: Database) -> None:
    old, new = now() - 40 * DAY, now()
    rest = [add(database, new) for _ in range(3)]
    rows = [
        Operation(ids.new(), DELETE, ids.new(), "", old, "ajeci", old, {}, done=True) for _ in range(1_201)
    ]
    with database.write() as connection:
        for row in rows:
            operations.add(connection, row)
    assert old_operations.forget(database, 30) == len(rows)
    assert all(is_kept(database, each) for each in rest)


def test_one_that_runs_is_not_deleted_though_it_is_named(database: Database) -> None:
    one = add(database, None)
    with database.write() as connection:
        assert operations.delete(connection, [one]) == 0
        found = operations.get(connection, one)
        assert found is not None
        with pytest.raises(Exists):
            operations.add(connection, found)

"""Which results of scans are kept."""

from datetime import datetime, timedelta

import pytest

from careen.jobs.scan_results import Retention
from careen.model import ids
from careen.model.registry import ScanResult, ScanStatus
from careen.store import scans
from careen.store.columns import now
from careen.store.database import Database
from careen.store.paging import Page
from careen.store.tables import images, repositories
from careen.store.tables import registries as registries_table

READY, ERROR, RUNNING = ScanStatus.READY, ScanStatus.ERROR, ScanStatus.RUNNING
DAY = timedelta(days=1)
YANDEX = Retention(newest=3, days=30)


@pytest.fixture
def image_id(database: Database) -> str:
    row = {"id": "crpI", "registry_id": "crpR", "repository_id": "crpP", "digest": "d", "media_type": "m"}
    with database.write() as connection:
        connection.execute(
            registries_table.insert().values(id="crpR", folder_id="f", name="", created_at=now(), labels={})
        )
        connection.execute(
            repositories.insert().values(id="crpP", registry_id="crpR", name="crpR/a", created_at=now())
        )
        rest = {"size": 1, "created_at": now(), "last_modified": now(), "body": b"{}"}
        connection.execute(images.insert().values(**row, **rest))
    return "crpI"


def scan(database: Database, image_id: str, status: ScanStatus, ended: datetime | None) -> str:
    scan_id = ids.new(ids.SCAN_RESULT)
    begun = (ended or now()) - timedelta(minutes=1)
    with database.write() as connection:
        scans.add(connection, ScanResult(scan_id, image_id, status, begun, ended))
    return scan_id


def kept(database: Database, image_id: str) -> list[ScanStatus]:
    """Their statuses, the latest first."""
    with database.read() as connection:
        return [each.status for each in scans.page(connection, image_id=image_id, page=Page())]


@pytest.mark.parametrize(
    ("made", "stays"),
    [
        ([(READY, 0), (READY, 1), (READY, 2), (READY, 3)], [READY] * 3),
        ([(READY, 0), (READY, 31), (READY, 32)], [READY]),
        ([(READY, 31), (READY, 32)], [READY]),
        ([(ERROR, 0), (READY, 31), (READY, 32), (ERROR, 33)], [ERROR, READY]),
        ([(ERROR, 40), (READY, 41)], [ERROR, READY]),
        ([(ERROR, number) for number in range(5)], [ERROR] * 3),
        ([(RUNNING, 0), (READY, 1)], [RUNNING, READY]),
    ],
)
def test_yandex_rule_keeps_the_three_newest_of_a_month_and_always_the_last(
    database: Database, image_id: str, made: list[tuple[ScanStatus, int]], stays: list[ScanStatus]
) -> None:
    for status, age in made:
        scan(database, image_id, status, None if status is RUNNING else now() - age * DAY)
    assert YANDEX.apply(database) == len(made) - len(stays)
    assert kept(database, image_id) == stays
    assert YANDEX.apply(database) == 0

"""Lists of images and scans, as long as they may become: the same page from 1,000 and from 1,000,000 rows."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.image import say
from sqlalchemy import CTE, BigInteger, ColumnElement, Connection, Text, cast, literal, select, text

from careen.model.registry import Registry, ScanStatus
from careen.store import images, registries, scans
from careen.store.database import Database
from careen.store.paging import Condition, Page
from careen.store.tables import images as images_table
from careen.store.tables import repositories, scan_results

_SIZES = (1_000, 100_000, 1_000_000)
_ROUNDS = 15
_BORN = datetime(2026, 1, 1, tzinfo=UTC)
_REGISTRY, _REPOSITORY, _IMAGE = "crp" + "r" * 17, "crp" + "p" * 17, f"crp{10**16}"
_NAME = f"{_REGISTRY}/app"


@contextmanager
def _database(url: str) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url or f"sqlite:///{Path(folder) / 'careen.db'}")
        database.upgrade()
        try:
            yield database
        finally:
            database.close()


def _rows(count: int, start: int) -> CTE:
    numbers = select(literal(start, BigInteger).label("i")).cte("numbers", recursive=True)
    return numbers.union_all(select(numbers.c.i + 1).where(numbers.c.i < count))


def _id(prefix: str, number: ColumnElement[int]) -> ColumnElement[str]:
    """Twenty characters."""
    return literal(prefix) + cast(number + 10**16, Text)


def _fill(connection: Connection, start: int, count: int) -> None:
    numbers = _rows(count, start)
    i = numbers.c.i
    image = {
        "id": _id("crp", i),
        "registry_id": literal(_REGISTRY),
        "repository_id": literal(_REPOSITORY),
        "digest": literal("sha256:") + cast(i, Text),
        "media_type": literal("application/vnd.oci.image.manifest.v1+json"),
        "size": literal(500),
        "created_at": literal(1_767_225_600_000) + i,
        "last_modified": literal(1_767_225_600_000) + i,
        "body": literal(b"{}"),
    }
    connection.execute(images_table.insert().from_select(list(image), select(*image.values())))
    scan = {
        "id": _id("che", i),
        "image_id": literal(_IMAGE),
        "repository_id": literal(_REPOSITORY),
        "status": literal(int(ScanStatus.READY)),
        "created_at": literal(1_767_225_600_000) + i,
        "scanned_at": literal(1_767_225_600_000) + i,
        "snapshot": literal(""),
        "problems": literal([], scan_results.c.problems.type),
        **dict.fromkeys(("critical", "high", "medium", "low", "negligible", "undefined"), literal(1)),
    }
    connection.execute(scan_results.insert().from_select(list(scan), select(*scan.values())))


_QUERIES: dict[str, Callable[[Connection, Page], Any]] = {
    "images of a registry": lambda connection, page: images.page(
        connection, registry_id=_REGISTRY, page=page
    ),
    "images of a repository": lambda connection, page: images.page(
        connection, repository_name=_NAME, page=page
    ),
    "images of a folder": lambda connection, page: images.page(connection, folder_id="bench", page=page),
    "images by last_modified": lambda connection, page: images.page(
        connection, registry_id=_REGISTRY, page=_ordered(page, "last_modified")
    ),
    "images by digest": lambda connection, page: images.page(
        connection, repository_name=_NAME, page=_ordered(page, "digest")
    ),
    "scans of an image": lambda connection, page: scans.page(connection, image_id=_IMAGE, page=page),
    "scans of a repository": lambda connection, page: scans.page(
        connection, repository_id=_REPOSITORY, page=page
    ),
    "failed scans of an image": lambda connection, page: scans.page(
        connection, image_id=_IMAGE, page=_failed(page)
    ),
    "scans by status": lambda connection, page: scans.page(
        connection, repository_id=_REPOSITORY, page=_ordered(page, "status")
    ),
}


def _ordered(page: Page, field: str) -> Page:
    return Page(page.size, page.after, ((field, True),))


def _failed(page: Page) -> Page:
    return Page(page.size, page.after, where=(Condition("status", (ScanStatus.ERROR,)),))


def _milliseconds(
    database: Database, query: Callable[[Connection, Page], Any], page: Page
) -> tuple[float, Any]:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        with database.read() as connection:
            found = query(connection, page)
        times.append((time.perf_counter() - began) * 1000)
    return median(times), found


def compare(url: str = "") -> None:
    """Print the first and the tenth page's time of each list; `url` is of an empty database."""
    with _database(url) as database:
        with database.write() as connection:
            registries.add(connection, Registry(_REGISTRY, "bench", "", _BORN))
            connection.execute(
                repositories.insert().values(
                    id=_REPOSITORY, registry_id=_REGISTRY, name=_NAME, created_at=_BORN + timedelta(1)
                )
            )
        known: dict[str, list[str]] = {name: [] for name in _QUERIES}
        filled = -1
        for size in _SIZES:
            with database.write() as connection:
                _fill(connection, filled + 1, size)
                if connection.dialect.name == "postgresql":  # its autovacuum would do it, in a minute
                    connection.execute(text("ANALYZE"))
            filled = size
            for name, query in _QUERIES.items():
                first, found = _milliseconds(database, query, Page())
                after = found.positions[-1] if found else ()
                later, _ = _milliseconds(database, query, Page(after=after))
                known[name].append(f"{first:6.1f} {later:6.1f}")
        say(f"  {'milliseconds: first page, next':32}" + "".join(f"{size:>16,}" for size in _SIZES))
        for name, times in known.items():
            say(f"  {name:32}" + "".join(f"{each:>16}" for each in times))

"""OperationService.Cancel: the work ends, not only the row that tells of it."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from careen.store.database import Database
from careen.store.tables import layers

pytestmark = pytest.mark.e2e

V1 = "/container-registry/v1"


@pytest.fixture
def slow_server(new_server: Callable[..., Any]) -> Iterator[Any]:
    server = new_server(CAREEN_WORKERS="1")
    server.start()
    yield server
    server.kill()


def readers_of(server: Any) -> list[int]:
    """The server's child processes that read layers."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) == server.process.pid and b"careen.jobs.child" in command:
                found.append(int(process.name))
    return found


def forget_layers(url: str) -> None:
    """What was read while the image was pushed: a scan is to read it again."""
    database = Database(url)
    with database.write() as connection:
        connection.execute(layers.delete())
    database.close()


def kept_layers(url: str) -> int:
    database = Database(url)
    with database.read() as connection:
        kept = connection.scalar(select(func.count()).select_from(layers))
    database.close()
    return int(kept or 0)


def large(seed: int) -> dict[str, bytes]:
    return {f"data/{seed}-{part}": random.Random(seed).randbytes(1 << 20) * 90 for part in range(4)}


def test_a_scan_that_is_indexing_ends_when_it_is_cancelled(
    slow_server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    image = slow_server.image(slow_server.push(skopeo, make_layout(*map(large, range(3))), "to/cancel"))
    forget_layers(f"sqlite:///{slow_server.data}/careen.db")
    with slow_server.client() as http:
        begun = http.post(f"{V1}/scans", json={"imageId": image["id"]}).json()
        assert begun["done"] is False, "the layers were indexed too soon for this test"
        ended = http.get(f"/operations/{begun['id']}:cancel").json()
        assert (ended["done"], ended["error"]["code"]) == (True, 1)
        deadline = time.monotonic() + 10
        while readers_of(slow_server):
            assert time.monotonic() < deadline, "a child reads on"
            time.sleep(0.05)
        assert http.get(f"/operations/{begun['id']}").json() == ended
        assert http.get(f"{V1}/scans/{begun['metadata']['scanResultId']}").json()["status"] == "ERROR"
    again = slow_server.scan(image["id"])
    assert again["id"] != begun["id"]
    assert again["error"]["message"].startswith("The image cannot be judged: no-packages")


def test_a_scan_ends_that_was_cancelled_through_another_server(
    database_url: str,
    new_server: Callable[..., Any],
    skopeo: Callable[..., None],
    make_layout: Callable[..., Path],
) -> None:
    scanning, other = (new_server(CAREEN_DATABASE_URL=database_url, CAREEN_WORKERS="1") for _ in range(2))
    scanning.start()
    other.start()
    try:
        image = scanning.image(scanning.push(skopeo, make_layout(*map(large, range(3))), "to/cancel"))
        forget_layers(database_url)
        with scanning.client() as http:
            begun = http.post(f"{V1}/scans", json={"imageId": image["id"]}).json()
        with other.client() as http:
            assert readers_of(scanning) != []
            assert http.get(f"/operations/{begun['id']}:cancel").json()["error"]["code"] == 1
        deadline = time.monotonic() + 3
        while readers_of(scanning):
            assert time.monotonic() < deadline, "a child reads on"
            time.sleep(0.05)
        assert kept_layers(database_url) < 3, "it was read to its end"
    finally:
        scanning.kill()
        other.kill()

"""Snapshots of a few hand-made records."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from careen.matching.builder import build
from careen.matching.snapshot import Snapshot
from careen.matching.staging import Record

TODAY = date(2026, 11, 22)


@pytest.fixture
def snapshot_of(tmp_path: Path) -> Iterator[Callable[..., Snapshot]]:
    with ExitStack() as stack:

        def make(*records: Record, today: date = TODAY) -> Snapshot:
            path = build((("a-feed", record) for record in records), tmp_path, today=today)
            return stack.enter_context(Snapshot.open(path))

        yield make

"""Which processes read layers: a run of all tests has other children, too."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def layer_readers() -> Callable[[], list[int]]:
    """Those that this process or its threads started, and that have not ended."""

    def find() -> list[int]:
        lists = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        return [int(pid) for path in lists for pid in path.read_text().split() if reads_a_layer(pid)]

    return find


def reads_a_layer(process: str) -> bool:
    try:
        return b"careen.jobs.child" in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return False

"""Commands run in this process set up the log, for a standard error that is gone after the test."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def log_of_others() -> Iterator[None]:
    yield
    structlog.reset_defaults()

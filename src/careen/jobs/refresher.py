"""Advisories come by themselves: the feeds are refreshed at start and then at every interval."""

import threading
from collections.abc import Callable

import structlog

from careen.errors import Error

log = structlog.get_logger(__name__)


class Refresher:
    """Calls `refresh` in a thread of its own; a refresh that fails is tried again at the next interval."""

    def __init__(self, refresh: Callable[[], object], *, interval: float) -> None:
        self._refresh = refresh
        self._interval = interval  # seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="refresher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _work(self) -> None:
        while True:
            try:
                self._refresh()
            except Error as error:
                log.warning("feeds not refreshed", reason=error.message)
            except Exception:  # the edge of a worker: the next interval must come
                log.exception("feeds not refreshed")
            if self._stopped.wait(self._interval):
                return

"""Work that comes round: at start, and then at every interval."""

import threading
from collections.abc import Callable

import structlog

from careen.errors import Error

log = structlog.get_logger(__name__)


class Periodic:
    """Does `work` in a thread of its own; what fails is tried again at the next interval."""

    def __init__(self, name: str, work: Callable[[], object], *, interval: float) -> None:
        self._name = name
        self._work = work
        self._interval = interval  # seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets no further round begin."""
        self._stopped.set()

    def _loop(self) -> None:
        while True:
            try:
                self._work()
            except Error as error:
                log.warning("periodic work failed", work=self._name, reason=error.message)
            except Exception:  # the edge of a worker: the next interval must come
                log.exception("periodic work crashed", work=self._name)
            if self._stopped.wait(self._interval):
                return

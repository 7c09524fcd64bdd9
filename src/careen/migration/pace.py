"""How fast the source may be asked."""

import random
import threading
import time
from collections.abc import Callable

_FIRST = 0.1  # seconds; doubled with every further attempt
_THROTTLED = 1.0  # the same, where the source says that it is asked too often
_LONGEST = 60.0  # seconds between two attempts, whatever the source asks for


class Pace:
    """Shared by all connections: so many of them work at a time, and one that is throttled means all."""

    def __init__(self, connections: int, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._slots = threading.BoundedSemaphore(connections)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._resume = 0.0  # on the monotonic clock: before this nobody asks

    def __enter__(self) -> None:
        """Waits for a free connection, and until the source may be asked again."""
        self._slots.acquire()
        while (left := self._resume - time.monotonic()) > 0:
            self._sleep(left)

    def __exit__(self, *_: object) -> None:
        self._slots.release()

    def rest(self, attempt: int) -> None:
        """What failed waits before it is tried again: the longer, the more attempts (1, 2 …) there were."""
        self._sleep(_backoff(_FIRST, attempt))

    def slow_down(self, attempt: int, asked: float | None = None) -> None:
        """Everybody waits, for the seconds that the source asks for if it does."""
        wait = _backoff(_THROTTLED, attempt) if asked is None else min(asked, _LONGEST)
        with self._lock:
            self._resume = max(self._resume, time.monotonic() + wait)


def _backoff(first: float, attempt: int) -> float:
    """Seconds; by chance, so that those who failed together do not come again together."""
    return min(first * 2.0 ** (attempt - 1), _LONGEST) * random.uniform(0.5, 1)  # noqa: S311 - no secret

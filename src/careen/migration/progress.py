"""What a person sees while a migration is at work."""

import threading
import time
from collections.abc import Callable

_EVERY = 2.0  # seconds between two lines


class Progress:
    """Safe for threads."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._lock = threading.Lock()
        self._told = time.monotonic()
        self.arrived = 0  # bytes of blobs

    def bytes(self, count: int) -> None:
        with self._lock:
            self.arrived += count
            due = self._is_due()
        if due:
            self.say(f"{human(self.arrived)} so far")

    def count(self, what: str, done: int, total: int) -> None:
        with self._lock:
            due = self._is_due() or done == total
        if due:
            self.say(f"{what}: {done} of {total}, {human(self.arrived)} so far")

    def _is_due(self) -> bool:
        moment = time.monotonic()
        if moment - self._told < _EVERY:
            return False
        self._told = moment
        return True


def human(count: int) -> str:
    """`1.5 GB`: decimal units, as registries count."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - decimal units
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"

"""A limit on failed authentication, for each address and for each account that is named."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from careen.errors import Exhausted

WINDOW = 60.0  # seconds
_TRUSTED = 3600.0  # seconds for which a proof is remembered
_REMEMBERED = 10_000  # addresses and accounts, and proofs; the oldest are forgotten


class TooManyFailures(Exhausted):
    """`retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many failed authentications; try again in {retry_after} seconds")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Count:
    begun: float
    failures: int = 0


@dataclass(slots=True)
class Failures:
    """Counts failures in windows, in memory: a restart forgives.

    What proved itself lately may go on, so that nobody is locked out by a neighbour's mistakes.
    """

    most: int = 20  # failures of one address, or for one account, in a window
    clock: Callable[[], float] = time.monotonic
    _counts: OrderedDict[str, _Count] = field(default_factory=OrderedDict)
    _proved: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, names: Iterable[str], proof: str) -> None:
        """Before the proof is looked at; raises TooManyFailures."""
        with self._lock:
            now = self.clock()
            waits = [self._wait(name, now) for name in names]
            if max(waits, default=0.0) > 0 and self._proved.get(proof, 0.0) <= now:
                raise TooManyFailures(int(max(waits)) + 1)

    def failed(self, names: Iterable[str]) -> None:
        with self._lock:
            now = self.clock()
            for name in names:
                count = self._counts.get(name)
                if count is None or now - count.begun > WINDOW:
                    count = self._counts[name] = _Count(now)
                count.failures += 1
                self._counts.move_to_end(name)
            _shorten(self._counts)

    def is_one_of_few(self, name: str) -> bool:
        """Counts one more; False beyond the limit. For what strangers could do without end."""
        try:
            self.check([name], "")
        except TooManyFailures:
            return False
        self.failed([name])
        return True

    def succeeded(self, proof: str) -> None:
        with self._lock:
            self._proved[proof] = self.clock() + _TRUSTED
            self._proved.move_to_end(proof)
            _shorten(self._proved)

    def _wait(self, name: str, now: float) -> float:
        count = self._counts.get(name)
        if count is None or count.failures < self.most:
            return 0.0
        return max(0.0, count.begun + WINDOW - now)


def _shorten(entries: OrderedDict[str, _Count] | OrderedDict[str, float]) -> None:
    while len(entries) > _REMEMBERED:
        entries.popitem(last=False)

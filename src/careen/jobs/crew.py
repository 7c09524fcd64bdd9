"""Threads that take one piece of work after another, and in whose midst the process may end."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Work = TypeVar("_Work")


class Crew(Generic[_Work]):
    """`size` daemon threads that call `do`, which must raise nothing, with whatever is put.

    The end of the process waits for none of them: what they do must survive that, as it survives a kill.
    """

    def __init__(self, name: str, do: Callable[[_Work], None], *, size: int) -> None:
        self._do = do
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._labour, name=f"{name}-{number}", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, work: _Work) -> None:
        self._waiting.put(work)

    def stop(self) -> None:
        """Lets the threads end, each after what it has begun and what was put before."""
        for _ in self._threads:
            self._waiting.put(None)

    def _labour(self) -> None:
        while (work := self._waiting.get()) is not None:
            self._do(work)

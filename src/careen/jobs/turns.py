"""Work that waits for workers, in fair turns between those whose it is."""

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar


class Work(Protocol):
    whose: str
    size: int  # the largest of one's own comes first
    is_begun: bool  # it has a place


_Work = TypeVar("_Work", bound=Work)


class Turns(Generic[_Work]):
    """Whoever has work here is served as often as the others, however much it is.

    Work may take many turns: it is put back after each. Of one's own what is begun goes first. At most
    `places` of it are begun and not ended at a time; what is put as begun needs none of them.
    """

    def __init__(self, *, places: int) -> None:
        self._waiting: OrderedDict[str, list[_Work]] = OrderedDict()  # by whose; the first is served next
        self._places = places
        self._changed = threading.Condition()
        self.is_closed = False

    def put(self, work: _Work) -> None:
        with self._changed:
            self._waiting.setdefault(work.whose, []).append(work)
            self._changed.notify()

    def take(self, timeout: float | None = None) -> _Work | None:
        """What has its turn, and a place, now; None after the time, or when all is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_closed or self._next() is not None, timeout)
            work = None if self.is_closed else self._next()
            if work is not None:
                self._remove(work)
                self._places -= not work.is_begun
                work.is_begun = True
            return work

    def give_up_place(self, work: _Work) -> None:
        """It has ended; or it must wait for a place before it goes on."""
        with self._changed:
            work.is_begun = False
            self._places += 1
            self._changed.notify()

    def close(self) -> list[_Work]:
        """Whoever takes gets nothing any more; returns what had no turn."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
            return [work for works in self._waiting.values() for work in works]

    def _next(self) -> _Work | None:
        for works in self._waiting.values():
            work = max(works, key=lambda work: (work.is_begun, work.size))
            if work.is_begun or self._places > 0:
                return work
        return None

    def _remove(self, work: _Work) -> None:
        self._waiting[work.whose].remove(work)
        if self._waiting[work.whose]:
            self._waiting.move_to_end(work.whose)
        else:
            del self._waiting[work.whose]

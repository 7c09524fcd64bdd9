"""A layer that is being read, or waits for its turn."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from careen.jobs.child import LayerSource
from careen.model.digest import Digest
from careen.model.layer import LayerIndex

_STEP = 4 << 20  # bytes that are worth a turn


class Read(Protocol):
    """A `Reading`, as its caller sees it."""

    @property
    def waits(self) -> bool: ...
    def hear(self, size: int, digest: Digest | None = None) -> None: ...
    def turn(self, seconds: float) -> LayerIndex | None: ...
    def pause(self) -> None: ...
    def close(self) -> None: ...


Reader = Callable[[Path, int], Read]  # begins to read the blob at that offset of the file


@dataclass(eq=False, slots=True)
class Task:
    """`turn` is for one worker at a time; the lock of Indexing guards the rest."""

    whose: str  # the image's, or a name for what will be one
    path: Path
    offset: int
    size: int  # bytes that are there
    digest: Digest | None = None  # None: more bytes may come
    source: LayerSource | None = None  # the whole blob, when it is there
    is_followed: bool = False  # it was begun before it was whole
    is_begun: bool = False
    idle_since: float = 0.0  # 0 = it has its turns
    is_dropped: bool = False
    is_over: bool = False
    wanted_by: set[str] = field(default_factory=set)  # operations that wait for it
    index: Future[LayerIndex] = field(default_factory=Future)
    _reading: Read | None = None
    _told: tuple[int, Digest | None] = (0, None)

    @classmethod
    def of(cls, source: LayerSource, whose: str) -> "Task":
        return cls(whose, source.path, source.offset, source.size, source.digest, source)

    def turn(self, begin: Reader, seconds: float) -> LayerIndex | None:
        """Read on for so long; what the layer holds, at the end. Raises as `Reading.turn` does."""
        if self._reading is None:
            self._reading = begin(self.path, self.offset)
        if self._told != (known := (self.size, self.digest)):
            self._told = known
            self._reading.hear(*known)
        return self._reading.turn(seconds)

    def rest(self) -> None:
        """Hold still until the next turn."""
        assert self._reading is not None
        if not self._reading.waits:
            self._reading.pause()
        elif not self.has_news:
            self.idle_since = time.monotonic()

    @property
    def is_started(self) -> bool:
        return self._reading is not None

    @property
    def has_news(self) -> bool:
        """Whether there is enough to go on with."""
        return self.is_dropped or self.digest is not None or self.size - self._told[0] >= _STEP

    def become(self, source: LayerSource) -> None:
        """The blob is whole, and lies there from now on."""
        self.size, self.digest, self.source = source.size, source.digest, source
        if not self.is_started:
            self.path = source.path

    def restarted(self, source: LayerSource) -> "Task":
        """In its place: read the whole blob from its beginning."""
        task = Task.of(source, self.whose)
        task.index, task.wanted_by, task.is_dropped = self.index, self.wanted_by, self.is_dropped
        return task

    def close(self) -> None:
        self.is_over = True
        if self._reading is not None:
            self._reading.close()
            self._reading = None

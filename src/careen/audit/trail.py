"""Where events go: a file that is only ever appended to, standard output, or nowhere.

Nothing is changed that cannot be recorded: when a line cannot be written, it is kept, the log says so, and
whoever wants to change something is refused till it is written. Reading goes on.
"""

import fcntl
import os
import stat
import sys
import threading
from pathlib import Path
from typing import Protocol

import structlog

from careen.audit.event import Event
from careen.errors import Unavailable

STDOUT = "stdout"

log = structlog.get_logger(__name__)


class Sink(Protocol):
    def __call__(self, lines: bytes, /) -> None:
        """Write them so that they are still there after a power loss; raises OSError."""


class Trail:
    def __init__(self, sink: Sink | None) -> None:
        self._sink = sink
        self._pending: list[bytes] = []  # as many as calls were under way when writing began to fail
        self._lock = threading.Lock()

    def require(self) -> None:
        """To be called before something is changed; raises Unavailable while events cannot be written."""
        if self._pending and not self._flush():
            raise Unavailable(
                "The audit log cannot be written, so nothing can be changed; the server's log tells why"
            )

    def write(self, *events: Event) -> None:
        """Never raises for what the disk does: the work is done, and `require` refuses the next."""
        if self._sink is None:
            return
        with self._lock:
            self._pending.extend(event.line().encode() + b"\n" for event in events)
        self._flush()

    def _flush(self) -> bool:
        """Whether everything is written."""
        with self._lock:
            if not self._pending or self._sink is None:
                return True
            try:
                self._sink(b"".join(self._pending))
            except OSError as error:
                log.error(  # noqa: TRY400 - the trace would tell nothing
                    "audit log not written", reason=error.strerror, waiting=len(self._pending)
                )
                return False
            self._pending.clear()
            return True


def opened(setting: str) -> Trail:
    """For CAREEN_AUDIT: a path, `stdout`, or "" for none; raises Unavailable for a file that cannot be."""
    if not setting:
        return Trail(None)
    if setting == STDOUT:
        return Trail(_to_stdout)
    sink = File(Path(setting))
    try:
        sink(b"")
    except OSError as error:
        raise Unavailable(f"CAREEN_AUDIT: {setting} cannot be written: {error.strerror}") from error
    return Trail(sink)


def _to_stdout(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


class File:
    """Opened anew when it has been moved away, as logrotate does; a line that broke off is ended first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def __call__(self, lines: bytes, /) -> None:
        handle = self._opened()
        if not stat.S_ISREG(os.fstat(handle).st_mode):  # a pipe or a terminal keeps nothing
            _write_all(handle, lines)
            return
        fcntl.flock(handle, fcntl.LOCK_EX)  # the server and the commands write to the same file
        try:
            _append(handle, lines)
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)

    def _opened(self) -> int:
        if self._handle is not None:
            if _is_same(self._handle, self._path):
                return self._handle
            os.close(self._handle)
            self._handle = None
        self._handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _end_line(self._handle)
        return self._handle


def _append(handle: int, lines: bytes) -> None:
    size = os.fstat(handle).st_size
    try:
        _write_all(handle, lines)
        os.fdatasync(handle)
    except OSError:
        os.ftruncate(handle, size)  # what is kept is written whole the next time
        raise


def _is_same(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), there)


def _end_line(handle: int) -> None:
    """After a crash in the middle of a line."""
    about = os.fstat(handle)
    size = about.st_size if stat.S_ISREG(about.st_mode) else 0
    if size and os.pread(handle, 1, size - 1) != b"\n":
        _write_all(handle, b"\n")


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]

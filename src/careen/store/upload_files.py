"""The file of an upload under way, and the hash that keeps step with it."""

import errno
import fcntl
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from careen.errors import Exhausted, Invalid, Unavailable
from careen.model import digest as digests
from careen.model.digest import Digest, Hash
from careen.store.write_back import start_write_back

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_PIECE = 1 << 20  # bytes read at a time
_STATES = 1000  # more uploads at once than these are hashed again when they are committed
_WRITE_BACK = 8 << 20  # bytes
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def upload_name(upload_id: str) -> str:
    """The id, when it is safe as the name of a file; raises Invalid."""
    if not _NAME.fullmatch(upload_id):
        raise Invalid(f"{upload_id[:100]!r} is not the id of an upload")
    return upload_id


class DiskFull(Exhausted): ...


class UploadEnded(Unavailable):
    """Another request writes to the upload, or has ended it."""


class HashStates:
    """Hashes of uploads between their chunks: (bytes hashed, state) by upload id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: OrderedDict[str, tuple[int, Hash]] = OrderedDict()

    def take(self, upload_id: str, offset: int) -> Hash | None:
        """The hash of the first `offset` bytes; None when it is not known."""
        with self._lock:
            hashed, state = self._states.pop(upload_id, (-1, None))
        if hashed == offset:
            return state
        return digests.hasher() if offset == 0 else None

    def keep(self, upload_id: str, offset: int, state: Hash) -> None:
        with self._lock:
            self._states[upload_id] = offset, state
            if len(self._states) > _STATES:
                self._states.popitem(last=False)

    def forget(self, upload_id: str) -> None:
        with self._lock:
            self._states.pop(upload_id, None)


class Upload:
    """An upload opened for writing, by one writer at a time; close it, or use it in `with`.

    Chunks may come from different threads, one after another.
    Nothing is buffered: give chunks of 64 KiB and more.
    """

    def __init__(self, path: Path, hashes: HashStates, offset: int | None) -> None:
        self.path = path
        self._hashes = hashes
        with _space():
            self._file = path.open("ab", buffering=0)
        try:
            self.offset = self._begin(offset)  # bytes so far
        except BaseException:
            self._file.close()
            raise
        self._hash = hashes.take(path.name, self.offset)

    def write(self, chunk: bytes | memoryview) -> None:
        """Raises DiskFull; what was written before stays."""
        try:
            with _space():
                self._write_all(memoryview(chunk))
                self._write_back(len(chunk))
        except DiskFull:
            self._file.truncate(self.offset)
            raise
        if self._hash is not None:
            self._hash.update(chunk)
        self.offset += len(chunk)

    def finish(self, algorithm: str = digests.CANONICAL) -> Digest:
        """The digest of the bytes, which survive a power loss from now on (fsync(2)).

        They are read again where the hash did not keep step, or is another. Raises DiskFull.
        """
        with _space():
            os.fsync(self._file.fileno())
        state = self._hash
        self._hash = None  # nobody goes on with it
        if state is None or state.name != algorithm:
            state = self._hash_again(algorithm)
        return digests.of_hash(state)

    def close(self) -> None:
        if self._hash is not None:
            self._hashes.keep(self.path.name, self.offset, self._hash)
            self._hash = None  # it belongs to the next writer
        if not self._file.closed:
            # Not by closing alone: a process that is just being started has a copy of the descriptor.
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, offset: int | None) -> int:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UploadEnded("the upload is being written to by another request") from error
        status = os.fstat(self._file.fileno())
        if not self._is_still(status):
            raise UploadEnded("the upload was ended by another request")  # and may be a blob by now
        if offset is None:
            return status.st_size
        if offset > status.st_size:
            raise Invalid(f"the upload has {status.st_size} bytes, it cannot go on at {offset}")
        self._file.truncate(offset)
        return offset

    def _is_still(self, status: os.stat_result) -> bool:
        try:
            return os.path.samestat(self.path.stat(), status)
        except FileNotFoundError:
            return False

    def _write_all(self, rest: memoryview) -> None:
        while rest:
            rest = rest[self._file.write(rest) :]

    def _write_back(self, size: int) -> None:
        """Let the disk begin, so that the sync in the end has less to wait for."""
        begin = self.offset // _WRITE_BACK * _WRITE_BACK
        if self.offset + size >= begin + _WRITE_BACK:
            start_write_back(self._file.fileno(), begin, self.offset + size - begin)

    def _hash_again(self, algorithm: str) -> Hash:
        state = digests.hasher(algorithm)
        with self.path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                state.update(piece)
        return state


@contextmanager
def _space() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull("there is no space left for this blob") from error

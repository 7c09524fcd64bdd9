"""The folder of snapshots: which of them is active, and how another takes its place."""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from careen.errors import NotFound

_POINTER = "current"
_SNAPSHOT = re.compile(r"[0-9a-f]{64}\.sqlite")
_UNFINISHED = ".unfinished-"
_GRACE = 3600  # seconds in which another process may still finish its file, or activate it


def current(folder: Path) -> Path | None:
    """The active snapshot of `folder`; None while there was never one."""
    try:
        name = (folder / _POINTER).read_text().strip()
    except FileNotFoundError:
        return None
    if not _SNAPSHOT.fullmatch(name):
        raise NotFound(f"{folder / _POINTER} does not name a snapshot")
    return folder / name


def activate(folder: Path, path: Path) -> None:
    """Makes `path`, a snapshot in `folder`, the active one in one step; raises NotFound for any other path.

    The one that was active before stays for those who are about to open it; older ones are removed.
    """
    if path.parent != folder or not _SNAPSHOT.fullmatch(path.name) or not path.is_file():
        raise NotFound(f"{path} is not a snapshot in {folder}")
    before = current(folder)
    with unfinished(folder) as pointer:
        pointer.write_text(path.name + "\n")
        publish(pointer, folder / _POINTER)
    _prune(folder, {path, before or path})


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """An empty file in `folder` that is gone in the end, save where it was published."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=_UNFINISHED)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def publish(written: Path, path: Path) -> None:
    """Gives a written file its name in the same folder; after a crash it is there whole or not at all."""
    _sync(written)
    written.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(folder: Path, keep: set[Path]) -> None:
    before = time.time() - _GRACE
    for path in set(folder.iterdir()) - keep:
        is_ours = _SNAPSHOT.fullmatch(path.name) or path.name.startswith(_UNFINISHED)
        with suppress(FileNotFoundError):  # another process may prune too
            if is_ours and path.stat().st_mtime < before:
                path.unlink()

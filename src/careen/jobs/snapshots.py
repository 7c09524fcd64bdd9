"""The active snapshot of advisories, opened anew when another one has taken its place."""

import threading
from pathlib import Path

from careen.matching import files
from careen.matching.snapshot import ForeignSnapshot, Snapshot


class Snapshots:
    """Hands out the snapshot that is active in `folder`; safe to ask from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: Snapshot | None = None
        self._lock = threading.Lock()

    def current(self) -> Snapshot | None:
        """None while this careen has built none. An earlier one stays open for those who still use it."""
        path = files.current(self._folder)
        if path is None:
            return None
        with self._lock:
            if self._open is None or self._open.path != path:
                try:
                    self._open = Snapshot.open(path)
                except ForeignSnapshot:  # after an update of careen, until the feeds are refreshed
                    self._open = None
            return self._open

"""sync_file_range(2), which Python does not have."""

import ctypes
from typing import Any

_WRITE = 2  # SYNC_FILE_RANGE_WRITE of linux/fs.h


def start_write_back(descriptor: int, offset: int, size: int) -> None:
    """Let the kernel begin to write these bytes to the disk, without waiting. Only a hint."""
    if _sync_file_range is not None:
        _sync_file_range(descriptor, offset, size, _WRITE)


def _find() -> Any:  # noqa: ANN401 - a foreign function
    function = getattr(ctypes.CDLL(None), "sync_file_range", None)  # not every system is Linux
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return function


_sync_file_range = _find()

"""Ranges of bytes: what a pull asks for (RFC 9110, 14) and what a chunk of a push says it is."""

import re
from collections.abc import Mapping

from careen.registry.errors import RangeUnsatisfiable

_ASKED = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.IGNORECASE)
# The specification's `0-99`, and what others know from RFC 9110: `bytes 0-99/200`, `bytes=0-99`.
_CHUNK = re.compile(r"(?:bytes[ =])?(?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})(?:/(?:[0-9]{1,18}|\*))?")


def asked(headers: Mapping[str, str], size: int, etag: str) -> range | None:
    """The bytes that a GET asks for; None = all of them, also where the header may be ignored.

    That is one in another unit, in bad form or with several ranges, and one for another entity (If-Range).
    Raises RangeUnsatisfiable when the bytes asked for lie beyond the end, or end before they begin.
    """
    found = _ASKED.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return None
    first, last = found["first"], found["last"]
    if not (first or last):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        raise RangeUnsatisfiable(f"the blob has {size} bytes", {"Content-Range": f"bytes */{size}"})
    return range(start, stop)


def chunk(content_range: str) -> range | None:
    """The bytes `first-last` that a chunk is to be; None when that is no such range."""
    found = _CHUNK.fullmatch(content_range)
    if found is None or int(found["first"]) > int(found["last"]):
        return None
    return range(int(found["first"]), int(found["last"]) + 1)

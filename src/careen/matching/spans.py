"""An advisory's ranges as intervals of version keys, `low` inclusive and `high` exclusive."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from careen.errors import Invalid
from careen.model.advisory import Range
from careen.versions import BY_NAME, rpm
from careen.versions.invalid import InvalidVersion

Key = Callable[[str], bytes]

LOWEST = b""
HIGHEST = b"\xff"


class EmptyRange(Invalid): ...


def key_of(scheme: str, *, by_source: bool) -> Key:
    """How versions compare. A source rpm has an epoch that its file's name does not say: none is compared."""
    return _without_epoch if by_source and scheme == rpm.NAME else BY_NAME[scheme].key


def _without_epoch(version: str) -> bytes:
    return rpm.key(version.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class Span:
    low: bytes
    high: bytes
    range: Range  # as upstream writes it


def span(affected: Range, key: Key) -> Span | None:
    """None where the range says "never affected": fixed in "0", as Debian and Alpine write it.

    Raises InvalidVersion for an end that cannot be ordered, EmptyRange where nothing lies between the ends.
    """
    if affected.fixed == "0":
        return None
    low = LOWEST if affected.introduced in ("", "0") else key(affected.introduced)
    high = _high(affected, key)
    if low >= high:
        end = affected.fixed or affected.last_affected
        raise EmptyRange(f"there is no version from {affected.introduced!r} to {end!r}")
    return Span(low, high, affected)


def _high(affected: Range, key: Key) -> bytes:
    if affected.fixed:
        return key(affected.fixed)
    if affected.last_affected:
        return _just_above(key(affected.last_affected))
    return HIGHEST


def _just_above(version: bytes) -> bytes:
    # No key is the beginning of another one, so nothing lies between.
    return version + b"\0"


def points(versions: Sequence[str], spans: Sequence[Span], key: Key) -> Iterator[Span | InvalidVersion]:
    """A span for each enumerated version that no range of the same record covers."""
    for version in versions:
        try:
            low = key(version)
        except InvalidVersion as error:
            yield error
            continue
        if not any(known.low <= low < known.high for known in spans):
            yield Span(low, _just_above(low), Range(introduced=version, last_affected=version))

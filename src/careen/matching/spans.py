"""An advisory's ranges as intervals of version keys, `low` inclusive and `high` exclusive."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from careen.errors import Invalid
from careen.matching.order import Order
from careen.model.advisory import Range
from careen.versions.invalid import InvalidVersion

LOWEST = b""
HIGHEST = b"\xff"


class EmptyRange(Invalid): ...


class Span(NamedTuple):
    low: bytes
    high: bytes
    range: Range  # as upstream writes it


def span(affected: Range, order: Order) -> Span | None:
    """None where the range says "never affected": fixed in "0", as Debian and Alpine write it.

    Raises InvalidVersion for an end that cannot be ordered, EmptyRange where nothing lies between the ends.
    """
    if affected.fixed == "0":
        return None
    low = LOWEST if affected.introduced in ("", "0") else order.key(affected.introduced)
    high = _high(affected, order)
    if low >= high:
        end = affected.fixed or affected.last_affected
        raise EmptyRange(f"there is no version from {affected.introduced!r} to {end!r}")
    return Span(low, high, affected)


def _high(affected: Range, order: Order) -> bytes:
    if affected.fixed:
        return order.key(affected.fixed)
    return order.after(affected.last_affected) if affected.last_affected else HIGHEST


def points(versions: Sequence[str], spans: Sequence[Span], order: Order) -> Iterator[Span | InvalidVersion]:
    """A span for each enumerated version that no range of the same record covers."""
    for version in versions:
        try:
            low, high = order.key(version), order.after(version)
        except InvalidVersion as error:
            yield error
            continue
        if not any(known.low <= low and high <= known.high for known in spans):
            yield Span(low, high, Range(introduced=version, last_affected=version))

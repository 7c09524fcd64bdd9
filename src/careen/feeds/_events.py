"""Ranges out of OSV's events (ossf.github.io/osv-schema, "affected[].ranges[].events fields")."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from careen.feeds._fields import InvalidRecord, Record, identifier, records, text
from careen.model.advisory import Range
from careen.versions.invalid import InvalidVersion

_OF_VERSIONS = frozenset({"ECOSYSTEM", "SEMVER"})
_KINDS = ("introduced", "fixed", "last_affected", "limit")
_BEGINNING = "0"  # before every version
_NO_LIMIT = "*"

_Event = tuple[str, str]  # its kind and version


def ranges_of(affected: Record, key: Callable[[str], bytes]) -> Iterator[Range]:
    """All ranges of versions that `affected` names; `key` orders versions.

    Events count in the order of versions, wherever they stand. Raises InvalidRecord.
    """
    for described in records(affected, "ranges"):
        kind = text(described, "type")
        if kind in _OF_VERSIONS:
            events = [_event(event) for event in records(described, "events")]
            yield from _told(list(_evaluated(events, key)), events, key)
        elif kind != "GIT":
            raise InvalidRecord(f"ranges of the type {kind!r}")


def _evaluated(events: Sequence[_Event], key: Callable[[str], bytes]) -> Iterator[Range]:
    limits = [version for kind, version in events if kind == "limit"]
    found = _ranges(_ordered([event for event in events if event[0] != "limit"], key))
    return _within(found, limits, key)


def _told(found: list[Range], events: Iterable[_Event], key: Callable[[str], bytes]) -> Iterable[Range]:
    """With a range for each version without an order that stands in none: the snapshot's builder tells."""
    named = {version for each in found for version in (each.introduced, each.fixed, each.last_affected)}
    lost = [version for _, version in events if version not in named and not _has_order(version, key)]
    return [*found, *(Range(fixed=version) for version in dict.fromkeys(lost))]


def _event(event: Record) -> _Event:
    found = [kind for kind in _KINDS if kind in event]
    if len(found) != 1:
        raise InvalidRecord(f"an event with {', '.join(found) or 'none of its fields'}")
    return found[0], identifier(event[found[0]], f"the version of {found[0]!r}")


def _ordered(events: list[_Event], key: Callable[[str], bytes]) -> list[_Event]:
    """In the given order where a version cannot be ordered: the snapshot's builder reports that range."""

    def order(event: _Event) -> tuple[bytes, bool]:
        kind, version = event
        return b"" if version == _BEGINNING else key(version), kind == "last_affected"

    if not any(kind == "introduced" for kind, _ in events):
        raise InvalidRecord("a range that begins nowhere")
    try:
        return sorted(events, key=order)
    except InvalidVersion:
        return events


def _ranges(events: list[_Event]) -> Iterator[Range]:
    """What is fixed where it was introduced affects nothing: RustSec says so of a branch without the flaw."""
    begun: str | None = None
    for kind, version in events:
        if kind == "introduced":
            begun = ("" if version == _BEGINNING else version) if begun is None else begun
        elif begun is not None:
            if kind == "last_affected":
                yield Range(begun, last_affected=version)
            elif version != begun:
                yield Range(begun, version)
            begun = None
    if begun is not None:
        yield Range(begun)


def _within(ranges: Iterable[Range], limits: Sequence[str], key: Callable[[str], bytes]) -> Iterator[Range]:
    """What lies before any of the limits, which bound what was looked at; no limit is the same as `*`."""
    if not limits or _NO_LIMIT in limits:
        yield from ranges
        return
    readable = [limit for limit in limits if _has_order(limit, key)]
    for each in ranges if readable else ():
        try:
            yield from _before(max(readable, key=key), each, key)
        except InvalidVersion:
            yield each


def _before(limit: str, affected: Range, key: Callable[[str], bytes]) -> Iterator[Range]:
    if affected.introduced and key(affected.introduced) >= key(limit):
        return
    end = affected.fixed or affected.last_affected
    yield affected if end and key(end) < key(limit) else replace(affected, fixed=limit, last_affected="")


def _has_order(version: str, key: Callable[[str], bytes]) -> bool:
    try:
        return version in (_BEGINNING, _NO_LIMIT) or bool(key(version))
    except InvalidVersion:
        return False

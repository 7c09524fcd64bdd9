"""Ranges out of OSV's events (ossf.github.io/osv-schema, "affected[].ranges[].events fields")."""

from collections.abc import Callable, Iterator

from careen.feeds._fields import InvalidRecord, Record, identifier, records, text
from careen.model.advisory import Range
from careen.versions.invalid import InvalidVersion

_OF_VERSIONS = frozenset({"ECOSYSTEM", "SEMVER"})
_KINDS = ("introduced", "fixed", "last_affected", "limit")
_BEGINNING = "0"  # before every version

_Event = tuple[str, str]  # its kind and version


def ranges_of(affected: Record, key: Callable[[str], bytes]) -> Iterator[Range]:
    """All ranges of versions that `affected` names; `key` orders versions.

    Events count in the order of versions, wherever they stand. Raises InvalidRecord.
    """
    for described in records(affected, "ranges"):
        kind = text(described, "type")
        if kind in _OF_VERSIONS:
            yield from _ranges(_ordered([_event(event) for event in records(described, "events")], key))
        elif kind != "GIT":
            raise InvalidRecord(f"ranges of the type {kind!r}")


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
    """`limit` bounds what was looked at; like `fixed` it ends a range before its version.

    What is fixed where it was introduced affects nothing: RustSec writes that of a branch without the flaw.
    """
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

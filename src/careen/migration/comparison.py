"""Source against careen, side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from careen.migration.contents import KINDS, Contents
from careen.model.registry import Image, Repository, ScanResult

_UNSAID = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Difference:
    kind: str  # "images"
    name: str  # which of them: an id, mostly
    what: str  # "is missing here"

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')}: {self.name} {self.what}"


def counts(contents: Contents) -> dict[str, int]:
    return {kind: len(getattr(contents, kind)) for kind in KINDS}


def differences(source: Contents, here: Contents) -> list[Difference]:
    """Every one, in the order of kinds and names. Scans that careen made itself are none."""
    return [each for kind in KINDS for each in _of_kind(kind, getattr(source, kind), getattr(here, kind))]


def _of_kind(kind: str, source: Mapping[Any, Any], here: Mapping[Any, Any]) -> Iterator[Difference]:
    for key in sorted({*source, *here}, key=_name):
        if key not in here:
            yield Difference(kind, _name(key), "is missing here")
        elif key in source:
            for what in _fields(_said(source[key]), _said(here[key])):
                yield Difference(kind, _name(key), what)
        elif kind != "scan_results":
            yield Difference(kind, _name(key), "is not at the source")


def _name(key: object) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _fields(source: Any, here: Any) -> Iterator[str]:  # noqa: ANN401 - any row
    if source == here:
        return
    if not is_dataclass(source):
        yield f"is {source} at the source and {here} here"
        return
    for name in (each.name for each in fields(source)):
        one, other = getattr(source, name), getattr(here, name)
        if one != other:
            yield f"has {name} {one!r} at the source and {other!r} here"


def _said(value: Any) -> Any:  # noqa: ANN401 - any row
    """As far as the API says it: not of a manifest, of a repository's making, or of a scan's begin."""
    if isinstance(value, Image):
        return replace(value, media_type="", size=0, tags=tuple(sorted(value.tags)))
    if isinstance(value, Repository):
        return replace(value, created_at=_UNSAID)
    if isinstance(value, ScanResult):
        return ScanResult(value.id, value.image_id, value.status, _UNSAID, value.scanned_at, value.counts)
    return value

"""What stands in the way: ids and names of the source that something else in careen has."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from careen.errors import Exists
from careen.migration.contents import Contents
from careen.store.taken import taken

_TOLD = 20
_NUMBERED = (
    "registries",
    "repositories",
    "images",
    "lifecycle_policies",
    "dry_runs",
    "scan_policies",
    "scan_results",
)
# What makes a row the same row as another of its id and kind.
_SAME: Mapping[str, tuple[str, ...]] = {
    "registries": ("created_at",),
    "repositories": ("name",),
    "images": ("name", "digest"),
    "lifecycle_policies": ("repository_id",),
    "dry_runs": ("policy_id",),
    "scan_policies": ("registry_id",),
    "scan_results": ("image_id",),
}


class Taken(Exists):
    """Names both sides of every conflict, up to a number."""


def check(connection: Connection, source: Contents, here: Contents) -> None:
    """Raises Taken when an id or a name of the source's is something else's in careen."""
    found = [*_ids(connection, source), *_others(source, here), *_names(source, here)]
    if found:
        more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        said = "; ".join(sorted(found)[:_TOLD])
        raise Taken(f"nothing was written, for careen has other things of that name: {said}{more}")


def _ids(connection: Connection, source: Contents) -> Iterator[str]:
    kinds = {id_: kind for kind in _NUMBERED for id_ in getattr(source, kind)}
    blobs = {
        blob.id: blob for image in source.images.values() for blob in (image.config, *image.layers) if blob
    }
    kinds |= dict.fromkeys(blobs, "blobs")
    for id_, kind in taken(connection, kinds):
        if kind != kinds[id_]:
            yield f"{id_} is of the {_words(kinds[id_])} at the source, and of the {_words(kind)} here"


def _others(source: Contents, here: Contents) -> Iterator[str]:
    """Rows of the same id and kind that are about something else."""
    for kind, names in _SAME.items():
        there, own = getattr(source, kind), getattr(here, kind)
        for id_ in there.keys() & own.keys():
            one, other = _row(there[id_]), _row(own[id_])
            for name in names:
                if getattr(one, name) != getattr(other, name):
                    values = f"{getattr(one, name)} at the source, {getattr(other, name)} here"
                    yield f"{id_} of the {_words(kind)} has another {name}: {values}"


def _names(source: Contents, here: Contents) -> Iterator[str]:
    """Rows of another id under a name that there can be only once."""
    for what, (there, own) in {
        "repository": (_repositories(source), _repositories(here)),
        "image": (_images(source), _images(here)),
        "the scan policy of": (_scan_policies(source), _scan_policies(here)),
    }.items():
        for name in there.keys() & own.keys():
            if there[name] != own[name]:
                yield f"{what} {name} is {there[name]} at the source, {own[name]} here"


def _repositories(contents: Contents) -> Mapping[str, str]:
    return {each.name: each.id for each in contents.repositories.values()}


def _images(contents: Contents) -> Mapping[str, str]:
    return {f"{each.name}@{each.digest}": each.id for each in contents.images.values()}


def _scan_policies(contents: Contents) -> Mapping[str, str]:
    return {each.registry_id: each.id for each in contents.scan_policies.values()}


def _row(value: Any) -> Any:  # noqa: ANN401 - a dry run goes with its images
    return value[0] if isinstance(value, tuple) else value


def _words(kind: str) -> str:
    return kind.replace("_", " ")

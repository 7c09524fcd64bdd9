"""The events of images, tags and repositories, from what the store's journal says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from careen.audit.event import Event, Origin
from careen.model.access import Path
from careen.model.registry import Image
from careen.store import ancestry
from careen.store.database import Database
from careen.store.journal import Change, ImageDeleted, ImageStored, RepositoryMade, TagRemoved, TagSet


def events_of(
    database: Database, changes: Iterable[Change], origin: Origin, parameters: Mapping[str, Any]
) -> Sequence[Event]:
    """One for each change, in their order."""
    if not (found := list(changes)):
        return []
    with database.read() as connection:
        return [_event(connection, _whole(change, found), origin, parameters) for change in found]


def _whole(change: Change, changes: Sequence[Change]) -> Change:
    """An image is stored first and gets its tags then; what was created has them."""
    if not isinstance(change, ImageStored):
        return change
    image = change.image
    tags = (each.tag for each in changes if isinstance(each, TagSet) and each.image.id == image.id)
    return ImageStored(replace(image, tags=tuple(tags)))


def _event(connection: Connection, change: Change, origin: Origin, parameters: Mapping[str, Any]) -> Event:
    name, repository_id, details = _told(change)
    path: Path = ancestry.of_repository(connection, repository_id) or ()
    return Event(name, origin, path, details, parameters)


def _told(change: Change) -> tuple[str, str, Mapping[str, Any]]:
    """The event's name, the repository where it happened, and the details."""
    if isinstance(change, RepositoryMade):
        repository = change.repository
        made: dict[str, Any] = {
            "registry_id": repository.registry_id,
            "repository_id": repository.id,
            "repository_name": repository.name,
        }
        return "CreateRepository", repository.id, made
    name = _NAMES[type(change)]
    details = _of_image(change.image)
    if isinstance(change, TagSet | TagRemoved):
        details = {**details, "tag": change.tag}
    else:
        details = {**details, "tags": list(change.image.tags)}
    return name, change.image.repository_id, details


_NAMES: Mapping[type[Change], str] = {
    ImageStored: "CreateImage",
    ImageDeleted: "DeleteImage",
    TagSet: "CreateImageTag",
    TagRemoved: "DeleteImageTag",
}


def _of_image(image: Image) -> dict[str, Any]:
    return {
        "registry_id": image.name.partition("/")[0],
        "image_id": image.id,
        "repository_name": image.name,
        "image_digest": image.digest,
    }

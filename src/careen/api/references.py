"""Image references, where Yandex' API knows ids only: `[HOST/]<registry>/<name>[:<tag>|@<digest>]`.

The grammar is that of docker (github distribution/reference, reference.go); the tag defaults to `latest`.
"""

import re

from sqlalchemy import Connection

from careen.errors import NotFound
from careen.model.digest import Digest
from careen.model.registry import Image
from careen.store import images, repositories

_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>[A-Za-z0-9-]*[.:][A-Za-z0-9.:-]*|localhost|\[[0-9a-f:]+\](?::\d+)?)/)?"
    rf"(?P<name>{_PART}(?:/{_PART})+)(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>sha256:[0-9a-f]{{64}}|sha512:[0-9a-f]{{128}}))?",
    re.ASCII,
)


def is_reference(text: str) -> bool:
    """Whether it can only be a reference: ids have no "/"."""
    return "/" in text


def image(connection: Connection, text: str) -> Image:
    """The image of that id, or the one that the text refers to. Raises NotFound."""
    found = find(connection, text) if is_reference(text) else images.get(connection, text)
    if found is None:
        raise NotFound.of("Image", text)
    return found


def find(connection: Connection, text: str) -> Image | None:
    """The image that the reference names here. Its host is not looked at: a server has many names."""
    match = _REFERENCE.fullmatch(text)
    repository = repositories.by_name(connection, match["name"]) if match else None
    if match is None or repository is None:
        return None
    if match["digest"]:
        return images.by_digest(connection, repository.id, Digest(match["digest"]))
    return images.by_tag(connection, repository.id, match["tag"] or "latest")


def repository_of(text: str) -> str:
    """The name of the repository that a reference names; "" for an id and for what is no reference."""
    match = _REFERENCE.fullmatch(text) if is_reference(text) else None
    return match["name"] if match else ""

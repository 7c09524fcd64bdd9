"""Names of repositories and tags (OCI distribution-spec, "Pulling manifests"), and what they stand for."""

import re

from sqlalchemy import Connection

from careen.model.registry import LONGEST_NAME, Repository
from careen.registry.errors import NameInvalid, NameUnknown, TagInvalid
from careen.store import registries, repositories

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})+")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def registry_id(name: str) -> str:
    """The first part of `<registry id>/<path…>`; raises NameInvalid."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise NameInvalid(f"{name[:LONGEST_NAME]!r} is no name of a repository; write <registry id>/<name>")
    return name.partition("/")[0]


def check_registry(connection: Connection, name: str) -> str:
    """The id of the registry that the name begins with; raises NameInvalid, and NameUnknown for none."""
    identifier = registry_id(name)
    if registries.get(connection, identifier) is None:
        raise NameUnknown(f"Registry {identifier} not found", resource=("name", identifier))
    return identifier


def find(connection: Connection, name: str) -> Repository:
    """Raises NameInvalid, or NameUnknown for a registry or repository that is not there."""
    registry_id(name)
    repository = repositories.by_name(connection, name)
    if repository is None:
        check_registry(connection, name)
        raise NameUnknown(f"Repository {name} not found", resource=("name", name))
    return repository


def find_or_make(connection: Connection, name: str) -> Repository:
    """As a push wants it: only the registry must be there."""
    return repositories.upsert(connection, check_registry(connection, name), name)


def is_tag(reference: str) -> bool:
    return _TAG.fullmatch(reference) is not None


def check_tag(reference: str) -> str:
    if not is_tag(reference):
        raise TagInvalid(f"{reference[:128]!r} is no tag")
    return reference

"""Mounting a blob of another repository instead of pushing it (OCI distribution-spec, "Mounting a blob")."""

from sqlalchemy import Connection

from careen.model import digest as digests
from careen.model.digest import Digest, InvalidDigest
from careen.registry import names
from careen.registry.door import RegistryDoor
from careen.registry.errors import NameInvalid, NameUnknown
from careen.store import blobs


def mount(door: RegistryDoor, name: str, wanted: str, source: str) -> Digest | None:
    """The blob, now visible in `name` too; None when it cannot be had, and must be uploaded.

    Without a source any repository will do. That the caller may pull from it was seen to (`admission.py`).
    """
    try:
        digest = digests.parse(wanted)
        with door.database.write() as connection:
            if not _is_visible(connection, digest, source) or not door.blobs.exists(digest):
                return None
            repository = names.find_or_make(connection, name)
            return digest if blobs.link(connection, repository.id, digest) else None
    except (InvalidDigest, NameInvalid, NameUnknown):
        return None  # the start of an upload, which follows, refuses what is wrong with `name`


def _is_visible(connection: Connection, digest: Digest, source: str) -> bool:
    if source:
        return blobs.linked(connection, names.find(connection, source).id, digest) is not None
    return blobs.is_linked(connection, digest)

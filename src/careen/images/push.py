"""Pushing an artifact into a registry (OCI distribution-spec v1.1, "Push"): its blobs, then its manifest."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import httpx

from careen.errors import Invalid
from careen.images import manifest as manifests
from careen.images.distribution import Client, retrying
from careen.images.place import Access
from careen.images.reference import Reference

_CHUNK = 1 << 20


def push(reference: Reference, access: Access, blobs: Mapping[str, Path], manifest: bytes) -> None:
    """Puts the files of `blobs`, by their digests, and the manifest under the reference's tag.

    Raises the kinds of careen.errors, in words for people.
    """
    with closing(Client(reference, access, actions="pull,push")) as client:
        for digest, path in blobs.items():
            retrying(lambda digest=digest, path=path: _put_blob(client, digest, path))  # type: ignore[misc]  # bound now
        headers = {"Content-Type": manifests.OCI_MANIFEST}
        name = reference.digest or reference.tag
        retrying(lambda: client.send("PUT", f"manifests/{name}", headers, lambda: manifest))


def _put_blob(client: Client, digest: str, path: Path) -> None:
    there = client.send("HEAD", f"blobs/{digest}", {}, bytes, also=(httpx.codes.NOT_FOUND,))
    if there.status_code == httpx.codes.OK:
        return
    begun = client.send("POST", "blobs/uploads/", {"Content-Length": "0"}, bytes)
    location = begun.headers.get("Location", "")
    if not location:
        raise Invalid("the registry does not say where to upload to")
    mark = "&" if "?" in location else "?"
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
    client.send("PUT", f"{location}{mark}digest={quote(digest)}", headers, lambda: _chunks(path))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk

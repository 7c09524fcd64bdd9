"""An image in a registry: layers are downloaded to files, verified, and resumed where they broke off."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx

from careen.errors import Exhausted, Invalid, NotFound
from careen.images import manifest as manifests
from careen.images.distribution import Client, retrying
from careen.images.opened import LayerBytes, MissingBlob, Progress, Source, WrongDigest
from careen.images.place import Place
from careen.images.reference import Reference, parse
from careen.model import digest as digests
from careen.model.digest import InvalidDigest
from careen.model.manifest import Descriptor, Manifest

PREFIXES = ("docker://",)

_MAX_LAYER = 64 << 30  # bytes


def claims(path: Path) -> bool:  # noqa: ARG001 - what exists as a file is in no registry
    return False


@contextmanager
def open_source(place: Place) -> Iterator[Source]:
    reference = parse(place.text)
    with closing(Client(reference, place.access)) as client:
        yield Remote(client, reference, place.work, place.progress)


class Remote:
    def __init__(self, client: Client, reference: Reference, work: Path, progress: Progress) -> None:
        self._client = client
        self._reference = reference
        self._work = work
        self._progress = progress
        self._layers: dict[str, LayerBytes] = {}

    def root(self) -> tuple[bytes, Manifest]:
        reference = self._reference
        try:
            body, headers = self._manifest(reference.digest or reference.tag)
        except NotFound as error:
            raise NotFound(f"there is no image {reference}") from error
        promised = reference.digest or headers.get("Docker-Content-Digest", "")
        if promised and not _is(body, promised):
            raise WrongDigest(f"the manifest of {reference} has another digest than {promised[:100]}")
        return body, manifests.parse(body, headers.get("Content-Type", ""))

    def has(self, descriptor: Descriptor) -> bool:  # noqa: ARG002 - asking is as dear as fetching
        return True

    def read(self, descriptor: Descriptor) -> bytes:
        try:
            if descriptor.media_type in manifests.MEDIA_TYPES:
                return self._manifest(descriptor.digest)[0]
            return self._client.read(f"blobs/{descriptor.digest}", {})[0]
        except NotFound as error:
            raise MissingBlob(error.message) from error

    def layer(self, descriptor: Descriptor) -> LayerBytes:
        if descriptor.digest not in self._layers:
            self._layers[descriptor.digest] = self._download(descriptor)
        return self._layers[descriptor.digest]

    def _manifest(self, name: str) -> tuple[bytes, httpx.Headers]:
        return self._client.read(f"manifests/{name}", {"Accept": ", ".join(manifests.MEDIA_TYPES)})

    def _download(self, descriptor: Descriptor) -> LayerBytes:
        if descriptor.size > min(_MAX_LAYER, shutil.disk_usage(self._work).free):
            raise Exhausted(f"there is no room for the layer {descriptor.digest} of {descriptor.size} bytes")
        path = self._work / digests.encoded(descriptor.digest)
        with path.open("wb") as file:
            download = _Download(self._client, descriptor, file, self._progress)
            try:
                retrying(download.resume)
            except NotFound as error:
                raise MissingBlob(error.message) from error
        return LayerBytes(descriptor.digest, descriptor.size, path)


class _Download:
    """A layer on its way into `file`, however often the connection breaks."""

    def __init__(self, client: Client, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        self._client = client
        self._descriptor = descriptor
        self._file = file
        self._progress = progress
        self._start()

    def resume(self) -> None:
        """Fetch what is missing. RegistryUnavailable says that this may be called again."""
        headers = {"Range": f"bytes={self._done}-"} if self._done else {}
        with self._client.get(f"blobs/{self._descriptor.digest}", headers) as response:
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                self._start()
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {self._done}-"):
                raise Invalid(f"the registry sent another part of {self._descriptor.digest} than asked for")
            for chunk in response.iter_raw():
                self._take(chunk)
        if self._done < self._descriptor.size or digests.of_hash(self._hashed) != self._descriptor.digest:
            raise WrongDigest(f"the registry's {self._descriptor.digest} has another digest or size")

    def _start(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._done = 0  # bytes
        self._hashed = digests.hasher(digests.algorithm(self._descriptor.digest))

    def _take(self, chunk: bytes) -> None:
        self._done += len(chunk)
        if self._done > self._descriptor.size:
            raise WrongDigest(f"the registry sends more of {self._descriptor.digest} than its size")
        self._file.write(chunk)
        self._hashed.update(chunk)
        what = f"layer {digests.encoded(self._descriptor.digest)[:12]}"
        self._progress(what, self._done, self._descriptor.size)


def _is(body: bytes, promised: str) -> bool:
    """Whether the body has that digest; one of an algorithm that careen does not know promises nothing."""
    try:
        return digests.of(body, digests.algorithm(promised)) == promised
    except InvalidDigest:
        return True

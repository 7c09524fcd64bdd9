"""An OCI image layout in a folder (image-spec v1.1, image-layout.md)."""

import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from careen.errors import Invalid, NotFound
from careen.images import documents
from careen.images import manifest as manifests
from careen.images.opened import Ambiguous, LayerBytes, MissingBlob, Source, WrongDigest
from careen.images.place import Place
from careen.model.digest import Digest
from careen.model.manifest import Descriptor, Manifest

PREFIXES = ("oci:",)

_MARKER = "oci-layout"
_INDEX = "index.json"
_MAX_LISTED = 20  # names in a message


def claims(path: Path) -> bool:
    return path.is_dir()


@contextmanager
def open_source(place: Place) -> Iterator[Source]:
    yield Layout(place.path, place.name)


@dataclass(frozen=True, slots=True)
class Layout:
    folder: Path
    name: str = ""  # of one of its images; "" = the only one

    def root(self) -> tuple[bytes, Manifest]:
        if not (self.folder / _MARKER).is_file():
            raise Invalid(f"{self.folder} is no OCI image layout: it has no file {_MARKER}")
        return narrow(self._content(_INDEX), self.name, str(self.folder))

    def has(self, descriptor: Descriptor) -> bool:
        return (self.folder / blob_path(descriptor.digest)).is_file()

    def read(self, descriptor: Descriptor) -> bytes:
        return self._content(blob_path(descriptor.digest))

    def layer(self, descriptor: Descriptor) -> LayerBytes:
        path = self._file(blob_path(descriptor.digest))
        if path.stat().st_size != descriptor.size:
            raise WrongDigest(f"the layer {descriptor.digest} is not {descriptor.size} bytes long")
        return LayerBytes(descriptor.digest, descriptor.size, path)

    def _content(self, name: str) -> bytes:
        with self._file(name).open("rb") as file:
            return file.read(documents.LIMIT + 1)

    def _file(self, name: str) -> Path:
        """A regular file inside the folder: a layout of strangers may link to anywhere."""
        try:
            path = (self.folder / name).resolve()
        except (OSError, RuntimeError) as error:  # links in circles: which of the two depends on the Python
            raise Invalid(f"{name} in {self.folder} leads nowhere") from error
        if not path.is_relative_to(self.folder.resolve()):
            raise Invalid(f"{name} in {self.folder} leads out of the folder")
        if not path.exists():
            raise MissingBlob(f"{name} is missing in {self.folder}")
        if not stat.S_ISREG(path.stat().st_mode):
            raise Invalid(f"{name} in {self.folder} is no regular file")
        return path


def blob_path(digest: Digest) -> str:
    return "blobs/" + digest.replace(":", "/")


def narrow(body: bytes, name: str, where: str) -> tuple[bytes, Manifest]:
    """A layout's index.json, and the index that it is without the images that were not asked for.

    What is left may still differ by platform. Raises NotFound and Ambiguous, listing the names there are.
    """
    index = manifests.parse(body)
    images = [child for child in index.children if not child.is_attestation]
    wanted = [child for child in images if not name or _is_called(child, name)]
    if not wanted:
        asked = f"no image called {name}" if name else "no image"
        raise NotFound(f"{where} has {asked}; it has: {_listed(images)}")
    if len({child.digest for child in wanted}) > 1 and not _differ_by_platform(wanted):
        raise Ambiguous(f"{where} has several images; choose one by its name: {_listed(wanted)}")
    return body, replace(index, children=tuple(wanted))


def _is_called(child: Descriptor, name: str) -> bool:
    return any(one == name or one.endswith(f"/{name}") for one in child.names)


def _differ_by_platform(children: Sequence[Descriptor]) -> bool:
    platforms = {child.platform for child in children}
    return None not in platforms and len({child.names for child in children}) == 1


def _listed(children: Sequence[Descriptor]) -> str:
    names = [child.names[-1] if child.names else child.digest for child in children]
    more = ", …" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more or "none"

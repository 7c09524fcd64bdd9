"""Where images come from: folders, archives and registries, in one list."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from careen.errors import NotFound, Unavailable
from careen.images import archive, layout, remote
from careen.images.budgets import Budgets
from careen.images.opened import LayerBytes, OpenedImage, Progress, Source, assemble
from careen.images.place import Access, Place
from careen.model.manifest import Platform

__all__ = ["SOURCES", "Access", "LayerBytes", "OpenedImage", "Progress", "open_image", "open_source"]


class Kind(Protocol):
    """A module that opens one kind of source."""

    @property
    def PREFIXES(self) -> tuple[str, ...]: ...  # noqa: N802 - a module's constant

    def claims(self, path: Path) -> bool:
        """Whether an existing path without a prefix is of this kind."""

    def open_source(self, place: Place) -> AbstractContextManager[Source]: ...


SOURCES: list[Kind] = [
    layout,
    archive,
    remote,
]


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


@contextmanager
def open_image(
    target: str,
    *,
    work: Path,
    platform: Platform | None = None,
    progress: Progress = quiet,
    access: Access = Access(),  # noqa: B008 - a frozen value
    budgets: Budgets = Budgets(),  # noqa: B008 - likewise
) -> Iterator[OpenedImage]:
    """The image that `target` names, its layers in local files for as long as the context lasts.

    `DIR[:NAME]` or `oci:DIR[:NAME]` is an OCI layout; `FILE[:NAME]`, `docker-archive:…` or `oci-archive:…` a
    tar, gzip or zstd allowed; `docker://REFERENCE`, or what is no path, is in a registry. Temporary files are
    made in a folder of their own below `work`. Raises the kinds of careen.errors, in words for people.
    """
    with tempfile.TemporaryDirectory(prefix="image-", dir=work) as folder:
        kind, prefix, text, name = _decide(target)
        place = Place(prefix, text, name, Path(folder), progress, access, budgets)
        with ExitStack() as stack:
            yield _assembled(stack, kind, place, target, platform)


@contextmanager
def open_source(
    target: str,
    *,
    work: Path,
    progress: Progress = quiet,
    access: Access = Access(),  # noqa: B008 - a frozen value
) -> Iterator[Source]:
    """Where `target`, as of `open_image`, lies: for artifacts that are no images. Nothing is verified."""
    with tempfile.TemporaryDirectory(prefix="artifact-", dir=work) as folder:
        kind, prefix, text, name = _decide(target)
        with kind.open_source(Place(prefix, text, name, Path(folder), progress, access)) as source:
            yield source


def _assembled(
    stack: ExitStack, kind: Kind, place: Place, target: str, platform: Platform | None
) -> OpenedImage:
    """A mistyped path looks like a reference: an error says how the target was understood."""
    try:
        source = stack.enter_context(kind.open_source(place))
        return assemble(source, target, platform)
    except OSError as error:
        raise Unavailable(f"{place.text} cannot be read: {error.strerror or error}") from error
    except (NotFound, Unavailable) as error:
        if kind is not remote or place.prefix or place.text in error.message:
            raise
        said = f"{place.text} is no file or folder here, and as an image in a registry: {error.message}"
        raise type(error)(said) from None


def _decide(target: str) -> tuple[Kind, str, str, str]:
    """The kind of source, the prefix, the path or reference, and the image's name in it."""
    for kind in SOURCES:
        for prefix in kind.PREFIXES:
            if target.startswith(prefix) and not _exists(target):
                return kind, prefix, *_located(kind, target.removeprefix(prefix))
    path, name = _split(target)
    for kind in SOURCES:
        if path and kind.claims(path):
            return kind, "", str(path), name
    if target.startswith((".", "/", "~")) or target.endswith((".tar", ".tar.gz", ".tgz")):
        raise NotFound(f"there is no file or folder {target}")
    return remote, "", target, ""


def _located(kind: Kind, text: str) -> tuple[str, str]:
    if kind is remote:
        return text, ""
    path, name = _split(text)
    if path is None:
        raise NotFound(f"there is no file or folder {text}")
    return str(path), name


def _split(text: str) -> tuple[Path | None, str]:
    """The longest path that exists, and the name after its colon."""
    head, name = text, ""
    while head:
        if _exists(head):
            return Path(head), name
        head, _, tail = head.rpartition(":")
        name = f"{tail}:{name}" if name else tail
    return None, ""


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a path, or a zero in it
        return False

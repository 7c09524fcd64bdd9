"""Indexers: one module for each kind of package database."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from careen.indexing import (
    _executable,
    apk,
    apk_repositories,
    bitnami,
    bottlerocket,
    chisel,
    conda,
    content_manifests,
    dart,
    dotnet,
    dpkg,
    erlang,
    gobinary,
    haskell,
    java,
    julia,
    jvm,
    lua,
    node,
    opkg,
    os_release,
    pacman,
    pear,
    perl,
    php,
    python,
    r,
    release_files,
    rpm,
    ruby,
    rustbinary,
    sbom,
    software,
    swift,
    unpacked_java,
    web_applications,
)
from careen.indexing._sift import sift
from careen.indexing._signs import Candidates
from careen.model import layer
from careen.model.distro import Distro
from careen.model.file import File
from careen.model.layer import Installed, Listing, Repositories
from careen.model.package import Package
from careen.model.problem import Problem

__all__ = ["INDEXERS", "Indexer", "Record", "candidates", "fingerprint", "may_tell", "sift", "telling"]


Record = Package | Distro | Problem | Installed | Listing | Repositories


class Indexer(Protocol):
    """Finds what one kind of package database records.

    Its `SIGNS`, where it states them, tell which files it is to be asked about at all.
    """

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of a module
    @property
    def VERSION(self) -> int: ...  # noqa: N802 - raise it, and layers are indexed anew
    def wants(self, file: File) -> bool:
        """Whether `read` should get this file; asked with the content still unread."""
        ...

    def read(self, file: File) -> Iterable[Record]:
        """What the file records; what cannot be read of it comes as a Problem, never as an error."""
        ...


INDEXERS: list[Indexer] = [
    apk,
    apk_repositories,
    bitnami,
    bottlerocket,
    chisel,
    conda,
    content_manifests,
    dart,
    dotnet,
    dpkg,
    erlang,
    gobinary,
    haskell,
    java,
    julia,
    jvm,
    lua,
    node,
    opkg,
    os_release,
    pacman,
    pear,
    perl,
    php,
    python,
    r,
    release_files,
    rpm,
    ruby,
    rustbinary,
    sbom,
    software,
    swift,
    unpacked_java,
    web_applications,
]

candidates = Candidates(INDEXERS)


def may_tell(path: str) -> bool:
    """Whether an indexer might want a file of this path, whatever its content is."""
    return candidates.by_path(path) or _executable.may_be(path)


def telling(listing: Listing) -> Sequence[str]:
    """Those of its lines whose files `may_tell`, which takes longer to be asked for each path."""
    return candidates.among(listing.lines, listing.at, but=_executable.DATA, may_be=_executable.may_be)


def fingerprint() -> str:
    """Names the indexers, their versions and that of the index: layers of another one are read again."""
    said = ",".join((f"layer={layer.VERSION}", *(f"{each.NAME}={each.VERSION}" for each in INDEXERS)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]

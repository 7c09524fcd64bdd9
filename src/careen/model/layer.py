"""What is known of a layer once it was read: the unit that is kept, by blob digest and indexer version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from careen.model.digest import Digest
from careen.model.distro import Distro
from careen.model.package import Package
from careen.model.problem import Problem

VERSION = 2  # of what is kept of a layer: raise it, and layers are indexed anew


@dataclass(frozen=True, slots=True)
class LayerTree:
    """What a layer does to the tree below it (image-spec, layer.md)."""

    whiteouts: tuple[str, ...] = ()  # paths that are gone from the layers below
    opaque: tuple[str, ...] = ()  # folders whose content in the layers below is gone
    symlinks: Mapping[str, str] = field(default_factory=dict)  # path -> target as written
    files: bytes = b""  # everything that is no folder, as model.packed_paths has it
    # As it has them, too. A folder without an entry of its own is only implied by a member: it follows a
    # symlink in the layers below.
    folders: bytes = b""


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories of packages that one evidence file says an image was built from."""

    path: str
    ids: tuple[str, ...] = ()  # "rhel-9-for-x86_64-appstream-rpms"
    cpes: tuple[str, ...] = ()  # where the evidence names these itself


@dataclass(frozen=True, slots=True)
class Installed:
    """The files that a package database says one of its packages installed."""

    path: str  # the evidence: "var/lib/dpkg/info/python3-yaml.md5sums"
    package: str
    algorithm: str  # of the digests: "md5" | "sha1" | "sha256"; "" = the database has none
    files: tuple[tuple[str, bytes], ...]  # path without a leading "/", digest of the content (b"" = not said)


@dataclass(frozen=True, slots=True)
class Listing:
    """As Installed, still to be read: a file in each line, of which most tell about nothing."""

    lines: Sequence[str]
    at: int  # where in its line a path begins
    read: Callable[[Sequence[str]], Installed]  # takes the lines, whichever were left out


@dataclass(frozen=True, slots=True)
class Claims:
    """What is kept of an Installed: the files that may tell about other packages."""

    path: str
    package: str
    algorithm: str
    files: bytes  # 16 bytes each: a path's key, and the beginning of its content's digest (zeros = not said)


@dataclass(frozen=True, slots=True)
class LayerIndex:
    digest: Digest
    packages: tuple[Package, ...] = ()
    distros: tuple[Distro, ...] = ()
    problems: tuple[Problem, ...] = ()
    tree: LayerTree = field(default_factory=LayerTree)
    claims: tuple[Claims, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)  # evidence file -> model.content.prefixes()
    repositories: tuple[Repositories, ...] = ()

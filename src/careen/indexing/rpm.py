"""RPM's database at the places where distributions keep it: named, since it cannot be read yet."""

from collections.abc import Iterator

from careen.model.file import File
from careen.model.problem import Problem, ProblemKind

NAME = "rpm"
VERSION = 1

_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
_FILES = ("Packages", "Packages.db", "rpmdb.sqlite")
_MANIFEST = "var/lib/rpmmanifest/container-manifest-2"  # in distroless images of CBL-Mariner
_PATHS = frozenset({_MANIFEST, *(f"{folder}/{file}" for folder in _FOLDERS for file in _FILES)})


def wants(file: File) -> bool:
    return file.path in _PATHS


def read(file: File) -> Iterator[Problem]:
    message = "careen does not read rpm's database yet"
    yield Problem(ProblemKind.UNSUPPORTED_DATABASE, file.path, message)

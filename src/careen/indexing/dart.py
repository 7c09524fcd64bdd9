"""Dart packages in pub's cache: hosted/pub.dev/NAME-VERSION/ (dart-lang/pub, lib/src/source/hosted.dart)."""

import re
from collections.abc import Iterator

from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, shown
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "dart"
VERSION = 1

# The second server is the first one's old name.
_CACHED = re.compile(r"(?:.*/)?hosted/(?:pub\.dev|pub\.dartlang\.org)/([^/]+)/pubspec\.yaml", re.DOTALL)
_FOLDER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)-([0-9][0-9A-Za-z.+-]*)")  # a name has no "-"

SIGNS = Signs(ends=("/pubspec.yaml",))


def wants(file: File) -> bool:
    return file.path.endswith("/pubspec.yaml") and _CACHED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package that the folder is named for: pub takes it from there and not from the file."""
    cached = _CACHED.fullmatch(file.path)
    folder = _FOLDER.fullmatch(cached[1]) if cached else None
    if folder is None or not is_token(folder[0]):
        message = f"its folder names no package and version: {shown(file.path.rpartition('/')[0])}"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)
        return
    yield Package(folder[1], folder[2], type="pub", manager="pub", path=file.path, ecosystem="Pub")

"""The distribution that a tree belongs to: os-release(5)."""

from collections.abc import Iterator

from careen.indexing._assignments import assignments
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.distro import Distro
from careen.model.file import File
from careen.model.problem import Problem, ProblemKind

NAME = "os-release"
VERSION = 2

_PATHS = frozenset({"etc/os-release", "usr/lib/os-release"})
_VARIANTS = "usr/lib/os.release.d/"  # where the editions of one distribution let usr/lib/os-release lead to
_LIMIT = 64 << 10  # characters: real ones have a few hundred
_NAME_LENGTH = 200

SIGNS = Signs(ends=tuple(_PATHS), begins=(_VARIANTS,))


def wants(file: File) -> bool:
    return file.path in _PATHS or file.path.startswith(_VARIANTS)


def read(file: File) -> Iterator[Distro | Problem]:
    said = assignments(file.read().decode("utf-8-sig", "replace")[:_LIMIT])
    values = [said.get(name, "") for name in ("ID", "VERSION_ID", "VERSION_CODENAME")]
    if not values[0] or not all(is_token(value or "-") for value in values):
        yield Problem(ProblemKind.INVALID_METADATA, file.path, "it names no distribution")
        return
    name = said.get("PRETTY_NAME") or said.get("NAME", "")
    printable = "".join(char for char in name if char.isprintable())[:_NAME_LENGTH]
    yield Distro(values[0].lower(), values[1], values[2], name=printable, path=file.path)

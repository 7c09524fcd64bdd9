"""What indexers of files that are each about one package have in common."""

from careen.errors import Invalid
from careen.indexing._tokens import shown
from careen.model.file import File
from careen.model.problem import Problem, ProblemKind

_LARGEST = 4 << 20  # bytes; the longest honest ones, RubyGems' lists of files, have some 100 kB


class InvalidMetadata(Invalid): ...


def raw(file: File) -> bytes:
    """The file as it is; raises InvalidMetadata when it is too large."""
    if sum(map(len, file.pieces)) > _LARGEST:
        raise InvalidMetadata(f"it has more than {_LARGEST} bytes")
    return file.read()


def content(file: File) -> str:
    """The file's text, as far as it is UTF-8; raises InvalidMetadata when it is too large."""
    return raw(file).decode("utf-8-sig", "replace").replace("\r\n", "\n")


def invalid(file: File, error: Invalid) -> Problem:
    return Problem(ProblemKind.INVALID_METADATA, file.path, error.message)


def unnamed(file: File, name: str, version: str, what: str = "it") -> Problem:
    """For a package, called `what`, without a name or a version that is one."""
    message = f"{what} has no valid name and version: {shown(name)}, {shown(version)}"
    return Problem(ProblemKind.INVALID_METADATA, file.path, message)

"""Alpine's package database: /lib/apk/db/installed (apk-tools, apk-v2(5): `X:value` lines)."""

from collections.abc import Iterable, Iterator

from careen.indexing._lines import ends_within_a_line, lines
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, shown
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "apk"
VERSION = 1

_PATHS = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})  # the second since /usr is merged

SIGNS = Signs(ends=tuple(_PATHS))


def wants(file: File) -> bool:
    return file.path in _PATHS


def read(file: File) -> Iterator[Package | Problem]:
    malformed = seen = count = 0
    for line, fields, strange in _stanzas(lines(file)):
        malformed = malformed or strange
        seen += 1
        if fields:
            count += 1
            yield _package(file, line, fields)
    if malformed:
        yield _corrupt(file, f"line {malformed} is no field")
    elif seen and not count:
        yield _corrupt(file, "it has content, but no package")
    elif ends_within_a_line(file):
        message = "it ends within a line: packages may be missing"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)


def _stanzas(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str], int]]:
    """Line, fields and first malformed line of each package."""
    line = malformed = 0
    fields: dict[str, str] = {}
    for number, content in enumerate(lines, 1):
        if not content.strip():
            if line:
                yield line, fields, malformed
            line, fields, malformed = 0, {}, 0
            continue
        line = line or number
        if content[1:2] != ":" or not content[0].isascii() or not content[0].isalpha():
            malformed = malformed or number
        elif content[0] in "PVAo":
            fields.setdefault(content[0], content[2:].strip())
    if line:
        yield line, fields, malformed


def _package(file: File, line: int, fields: dict[str, str]) -> Package | Problem:
    name, version, arch = fields.get("P", ""), fields.get("V", ""), fields.get("A", "")
    if not is_token(name) or not is_token(version) or not is_token(arch or "noarch"):
        message = f"the package at line {line} has no valid name and version: {shown(name)}, {shown(version)}"
        return Problem(ProblemKind.INVALID_METADATA, file.path, message)
    origin = fields.get("o", "")
    return Package(
        name,
        version,
        type="apk",
        manager=NAME,
        path=file.path,
        source=origin if is_token(origin) else name,
        source_version=version,
        arch=arch,
    )


def _corrupt(file: File, message: str) -> Problem:
    return Problem(ProblemKind.CORRUPT_DATABASE, file.path, f"apk's database cannot be read: {message}")

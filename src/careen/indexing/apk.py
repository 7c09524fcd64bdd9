"""Alpine's package database: /lib/apk/db/installed (apk-tools, apk-v2(5): `X:value` lines)."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from careen.indexing._lines import ends_within_a_line, lines
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, printable, shown
from careen.model.file import File
from careen.model.layer import Installed
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "apk"
VERSION = 2

_PATHS = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})  # the second since /usr is merged


SIGNS = Signs(ends=tuple(_PATHS))


def wants(file: File) -> bool:
    return file.path in _PATHS


def read(file: File) -> Iterator[Package | Problem | Installed]:
    """The packages, and their files."""
    malformed = seen = count = 0
    for stanza in _stanzas(lines(file)):
        malformed = malformed or stanza.malformed
        seen += 1
        if stanza.fields:
            count += 1
            package = _package(file, stanza.line, stanza.fields)
            yield package
            if isinstance(package, Package):
                yield Installed(file.path, package.name, "sha1", tuple(stanza.files.items()))
    if malformed:
        yield _corrupt(file, f"line {malformed} is no field")
    elif seen and not count:
        yield _corrupt(file, "it has content, but no package")
    elif ends_within_a_line(file):
        message = "it ends within a line: packages may be missing"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)


@dataclass(slots=True)
class _Stanza:
    line: int  # where it begins, from 1
    malformed: int = 0  # the first line that is no field; 0 = there is none
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # path -> SHA-1 of the content; b"" = not said
    _folder: str = ""
    _file: str = ""

    def add(self, number: int, content: str) -> None:
        letter, value = content[0], content[2:].strip()
        if content[1:2] != ":" or not letter.isascii() or not letter.isalpha():
            self.malformed = self.malformed or number
        elif letter == "F":
            self._folder, self._file = value, ""
        elif letter == "R":
            self._file = f"{self._folder}/{value}" if self._folder else value
            self.files[self._file] = b""
        elif letter == "Z" and self._file:
            self.files[self._file] = _sha1(value)
        elif letter in "PVAom":
            self.fields.setdefault(letter, value)


def _sha1(text: str) -> bytes:
    """Q1 and the digest in base64; nothing for an older package's MD5 in hexadecimal."""
    try:
        return b64decode(text[2:], validate=True) if text.startswith("Q1") else b""
    except ValueError:
        return b""


def _stanzas(lines: Iterable[str]) -> Iterator[_Stanza]:
    """What is between empty lines: one for each package."""
    stanza: _Stanza | None = None
    for number, content in enumerate(lines, 1):
        if content.strip():
            stanza = stanza or _Stanza(number)
            stanza.add(number, content)
        elif stanza:
            yield stanza
            stanza = None
    if stanza:
        yield stanza


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
        vendor=printable(fields.get("m", "")),
    )


def _corrupt(file: File, message: str) -> Problem:
    return Problem(ProblemKind.CORRUPT_DATABASE, file.path, f"apk's database cannot be read: {message}")

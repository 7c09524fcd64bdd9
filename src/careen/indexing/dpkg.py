"""Debian's package database: /var/lib/dpkg/status (dpkg(1), deb822(5)), and status.d of distroless images."""

import re
from collections.abc import Iterator
from typing import Final

from careen.indexing import _dpkg_files
from careen.indexing._lines import ends_within_a_line, lines
from careen.indexing._signs import Signs
from careen.indexing._stanzas import Stanza, stanzas
from careen.indexing._tokens import is_token, printable, shown
from careen.model.file import File
from careen.model.layer import Installed, Listing
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "dpkg"
VERSION = 5

_STATUS: Final = "var/lib/dpkg/status"
_FOLDER: Final = "var/lib/dpkg/status.d/"
_BESIDE: Final = (
    ".conffiles",
    ".list",
    ".md5sums",
    ".postinst",
    ".postrm",
    ".preinst",
    ".prerm",
    ".triggers",
)
_FIELDS: Final = frozenset({"package", "status", "version", "architecture", "source", "maintainer"})

# The third word of Status. In all other states the package's files are on the disk, if not yet set up.
_ABSENT: Final = frozenset({"not-installed", "config-files", "half-installed"})
_PRESENT: Final = frozenset(
    {"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"}
)

_SOURCE: Final = re.compile(r"(?P<name>[^\s()]+)(?:\s*\((?P<version>[^\s()]+)\))?")

SIGNS = Signs(
    ends=_dpkg_files.ENDS, inside=_dpkg_files.INSIDE, begins=(_STATUS, _FOLDER, _dpkg_files.DIVERSIONS)
)


def wants(file: File) -> bool:
    path = file.path
    if path == _STATUS or _dpkg_files.wants(file):
        return True
    return path.startswith(_FOLDER) and not path.endswith(_BESIDE)


def read(file: File) -> Iterator[Package | Problem | Installed | Listing]:
    """The packages whose files are there, and these; a file in status.d may leave its Status out."""
    return _dpkg_files.read(file) if _dpkg_files.wants(file) else _packages(file)


def _packages(file: File) -> Iterator[Package | Problem]:
    malformed = seen = count = 0
    for stanza in stanzas(lines(file), _FIELDS):
        malformed = malformed or stanza.malformed
        seen += 1
        if stanza.fields:
            count += 1
            yield from _package(file, stanza)
    if malformed:
        yield _corrupt(file, f"line {malformed} is no field")
    elif seen and not count:
        yield _corrupt(file, "it has content, but no package")
    elif file.path == _STATUS and ends_within_a_line(file):
        message = "it ends within a line: packages may be missing"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)


def _package(file: File, stanza: Stanza) -> Iterator[Package | Problem]:
    fields = stanza.fields
    state = _state(fields, file)
    if state in _ABSENT:
        return
    name, version, arch = (fields.get(field, "") for field in ("package", "version", "architecture"))
    if state not in _PRESENT:
        yield _invalid(file, stanza, f"the unknown status {shown(fields.get('status', ''))}")
    elif not is_token(name) or not is_token(version) or not is_token(arch or "all"):
        yield _invalid(file, stanza, f"no valid name and version: {shown(name)}, {shown(version)}")
    else:
        source, source_version = _source(fields.get("source", ""), name, version)
        yield Package(
            name,
            version,
            type="deb",
            manager=NAME,
            path=file.path,
            source=source,
            source_version=source_version,
            arch=arch,
            vendor=printable(fields.get("maintainer", "")),
        )


def _state(fields: dict[str, str], file: File) -> str:
    """The third word of Status, such as that of `hold ok installed`."""
    if "status" not in fields and file.path != _STATUS:
        return "installed"
    words = fields.get("status", "").split()
    return words[2] if len(words) == 3 else ""  # noqa: PLR2004 - selection, flag, state


def _source(text: str, name: str, version: str) -> tuple[str, str]:
    """`Source: NAME (VERSION)`: what equals the package's own is left out, so a binNMU (+b1) names both."""
    match = _SOURCE.fullmatch(text)
    if match is None or not is_token(match["name"]) or not is_token(match["version"] or version):
        return name, version
    return match["name"], match["version"] or version


def _invalid(file: File, stanza: Stanza, what: str) -> Problem:
    message = f"the package at line {stanza.line} has {what}"
    return Problem(ProblemKind.INVALID_METADATA, file.path, message)


def _corrupt(file: File, message: str) -> Problem:
    return Problem(ProblemKind.CORRUPT_DATABASE, file.path, f"dpkg's database cannot be read: {message}")

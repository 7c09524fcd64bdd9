"""The crates in executables that cargo-auditable built (rust-secure-code/cargo-auditable, PARSING.md)."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from careen.indexing import _executable
from careen.indexing._executable import Executable
from careen.indexing._section import BadExecutable, Section
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, shown
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "rustbinary"
VERSION = 3

_SECTION: Final = ".dep-v0"
_MAX_STORED: Final = 1 << 20  # bytes
_MAX_SIZE: Final = 8 << 20  # bytes
_PUBLISHED: Final = ("crates.io", "git")


class _BadList(Exception): ...


SIGNS = Signs(heads=_executable.MAGIC)


def wants(file: File) -> bool:
    return _executable.wanted(file)


def read(file: File) -> Iterable[Package | Problem]:
    """The executable's own crate and those that were linked in.

    Others of its project's, and those of private registries, may only share their names with crates of
    crates.io: low confidence. Its own is local, too, for whoever built it, and yet the one that advisories
    about a program are about.
    """
    try:
        executable = _executable.open_executable(file)
        section = executable.named(_SECTION)
        return _packages(file, list(_crates(executable, section))) if section else ()
    except BadExecutable:
        return ()  # whether there is a list, nobody can tell
    except _BadList as error:
        return (Problem(ProblemKind.INVALID_METADATA, file.path, f"its list of crates {error}"),)


def _packages(file: File, crates: Iterable[Mapping[str, object]]) -> Iterator[Package | Problem]:
    for crate in crates:
        name, version = crate.get("name"), crate.get("version")
        if isinstance(name, str) and isinstance(version, str) and is_token(name) and is_token(version):
            confidence = "" if crate.get("root") or crate.get("source") in _PUBLISHED else "low"
            yield Package(name, version, "cargo", "cargo", file.path, "crates.io", confidence=confidence)
        else:
            message = f"no crate has this name and version: {shown(str(name))}, {shown(str(version))}"
            yield Problem(ProblemKind.INVALID_METADATA, file.path, message)


def _crates(executable: Executable, section: Section) -> Iterator[Mapping[str, object]]:
    if section.size > _MAX_STORED:
        raise _BadList(f"has {section.size} bytes")
    document = _parsed(_inflated(executable.content(section, _MAX_STORED)))
    crates = document.get("packages") if isinstance(document, dict) else None
    if not isinstance(crates, list):
        raise _BadList("has no packages")
    for crate in crates:
        if not isinstance(crate, dict):
            raise _BadList("holds something else than crates")
        if crate.get("kind") != "build":
            yield crate


def _inflated(stored: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(stored, _MAX_SIZE)
    except zlib.error as error:
        raise _BadList(f"is damaged: {error}") from None
    if not stream.eof:
        raise _BadList(f"is cut off, or larger than {_MAX_SIZE} bytes")
    return content


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise _BadList("is no JSON") from None

"""Software without a package manager, by its executables and libraries (the table is in _software.py).

Only files whose names the table has are looked into. What is found so is known with low confidence: it is the
distribution's where a package of it owns the file, and else judged by the advisories that Bitnami writes for
upstream's versions, if there are any.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from careen.indexing import _elf, _executable
from careen.indexing._rope import Rope
from careen.indexing._section import BadExecutable
from careen.indexing._signs import Signs
from careen.indexing._software import NAMES, SOFTWARE, XYZ, Software
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package

NAME = "software"
VERSION = 4

_ECOSYSTEM: Final = "Bitnami"
_WINDOW: Final = 512 << 10  # bytes that are searched at once
_OVERLAP: Final = 1 << 10  # bytes that two windows share: longer than any version with what stands around it

# Expressions with a number of three parts at their beginning; what all such numbers have; and how much around
# that is looked at.
_NUMBER_FIRST: Final = (b"(?P<version>" + XYZ, b"[^0-9](?P<version>" + XYZ)
_DOTS: Final = re.compile(rb"\.[0-9]+\.[0-9]")
_BEFORE: Final = 32  # bytes
_BEHIND: Final = 128  # bytes
_AT_ONCE: Final = 1024  # bytes

SIGNS = Signs(heads=_executable.MAGIC)


def wants(file: File) -> bool:
    return _executable.wanted(file) and bool(NAMES.fullmatch(file.name))


def read(file: File) -> Iterator[Package]:
    """The first that its content bears out; nothing where a name is all that it has in common."""
    rope = Rope(file.pieces)
    texts = _outside_code(rope)
    for software in SOFTWARE:
        named = software.files.fullmatch(file.name)
        # The whole file is searched where a table of sections misleads, or there is none.
        version = named and (_version(texts, software, named) or _version([rope], software, named))
        if version:
            yield _package(file, software, version)
            return


def _outside_code(rope: Rope) -> list[Rope]:
    """The parts of the file that are no instructions, half of it; none where that is not told."""
    try:
        code = sorted(_elf.code(rope))
    except BadExecutable:
        return []
    parts, at = [], 0
    for start, end in code:
        parts.append(rope.part(at, start - at))
        at = max(at, end)
    return [*parts, rope.part(at, len(rope) - at)] if parts else []


def _version(texts: Sequence[Rope], software: Software, named: re.Match[str]) -> str:
    minor = re.escape(named.groupdict().get("minor") or "").encode()
    for expression in software.versions:
        found = _search(texts, re.compile(expression.replace(b"%(minor)s", minor)))
        if is_token(found):
            return found
    return ""


def _search(texts: Sequence[Rope], expression: re.Pattern[bytes]) -> str:
    for text in texts:
        for content, is_last in text.windows(_WINDOW, _OVERLAP):
            found = _first(expression, content)
            # What ends with the window may go on behind it: the next one has it as a whole.
            if found and (is_last or found.end() < len(content)):
                return found["version"].decode("ascii")
    return ""


def _first(expression: re.Pattern[bytes], content: bytes | memoryview) -> re.Match[bytes] | None:
    """As `search`, which takes 50 ns a byte where an expression begins with a number: dots are rarer."""
    if not expression.pattern.startswith(_NUMBER_FIRST):
        return expression.search(content)
    end = 0
    for dots in _DOTS.finditer(content):
        at = dots.start()
        if at + _BEHIND <= end:  # it was looked at, with the one before
            continue
        end = at + _AT_ONCE
        found = expression.search(content, max(0, at - _BEFORE), end)
        if found:
            return found
    return None


def _package(file: File, software: Software, version: str) -> Package:
    ecosystem = _ECOSYSTEM if software.advised_as else ""
    kind = _ECOSYSTEM.lower() if software.advised_as else "generic"
    name = software.advised_as or software.name
    return Package(name, version, kind, NAME, file.path, ecosystem, confidence="low")

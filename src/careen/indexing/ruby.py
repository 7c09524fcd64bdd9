"""Installed gems: specifications/NAME-VERSION.gemspec (guides.rubygems.org/specification-reference).

They are Ruby programs, but RubyGems writes those of installed gems itself (Gem::Specification#to_ruby): plain
literals, after a line `# stub: NAME VERSION PLATFORM REQUIRE_PATHS`. Nothing is executed here. A gem that
Bundler took from git lies in bundler/gems/NAME-COMMIT/, with a specification written in the same way.
"""

import re
from collections.abc import Iterator

from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._qualifiers import qualifiers
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "ruby"
VERSION = 2

_INSTALLED = re.compile(
    r"(?:.*/)?(?:specifications/(?:default/)?|bundler/gems/[^/]+/(?:[^/]+/)?)[^/]+\.gemspec", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+")  # Gem::Specification::VALID_NAME_PATTERN
_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")  # Gem::Version
# With "#{...}" in it, it is no literal.
_QUOTED = r"""(?:%[qQ]?[<({\[|]|["'])\s*([^"'<>(){}\[\]|#\s]+)\s*[>)}\]|"']"""
_LITERAL = rf"(?:Gem::Version\.(?:new|create)\(\s*)?{_QUOTED}"
_ASSIGNED = {
    field: re.compile(rf"^[ \t]*\w+\.{field}[ \t]*=[ \t]*{_LITERAL}", re.MULTILINE | re.ASCII)
    for field in ("name", "version")
}
_STUB = re.compile(r"^# stub: (\S+) (\S+) (\S+) ", re.MULTILINE)
_ANY = "ruby"  # the platform of a gem that runs on all
_FILE_NAME = re.compile(r"(.+?)-([0-9]+(?:\.[0-9A-Za-z]+)*)(?:-[A-Za-z].*)?\.gemspec")

SIGNS = Signs(ends=(".gemspec",))


def wants(file: File) -> bool:
    return file.path.endswith(".gemspec") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The gem, named by the text's assignments, else by its stub line, else by the file's own name."""
    try:
        text = content(file)
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    stub = _STUB.search(text)
    name, version = _assigned(text) or _matched(stub) or _named(file)
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version) or not is_token(name + version):
        yield unnamed(file, name, version)
        return
    platform = stub[3] if stub and stub[3] != _ANY else ""
    said = qualifiers(platform=platform)
    yield Package(name, version, "gem", "gem", file.path, "RubyGems", qualifiers=said)


def _assigned(text: str) -> tuple[str, str] | None:
    name, version = (pattern.search(text) for pattern in _ASSIGNED.values())
    return (name[1], version[1]) if name and version else None


def _matched(match: re.Match[str] | None) -> tuple[str, str] | None:
    return (match[1], match[2]) if match else None


def _named(file: File) -> tuple[str, str]:
    return _matched(_FILE_NAME.fullmatch(file.name)) or ("", "")

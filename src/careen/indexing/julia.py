"""Julia packages in a depot: packages/NAME/SLUG/Project.toml (pkgdocs.julialang.org, "Project.toml")."""

import re
from collections.abc import Iterator

from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._qualifiers import qualifiers
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "julia"
VERSION = 2

_INSTALLED = re.compile(r"(?:.*/)?packages/[^/]+/[A-Za-z0-9]{4,5}/(?:Julia)?Project\.toml", re.DOTALL)
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)  # ends what is about the package itself
_FIELD = re.compile(r"^[ \t]*(name|version|uuid)[ \t]*=[ \t]*[\"']([^\"'\\\n]*)[\"']", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

SIGNS = Signs(ends=("Project.toml",))


def wants(file: File) -> bool:
    return file.path.endswith("Project.toml") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package: three lines are looked for, since a hostile TOML document can cost a parser hours."""
    try:
        head = _TABLE.split(content(file), maxsplit=1)[0]
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    fields = {match[1]: match[2] for match in _FIELD.finditer(head)}
    name, version = fields.get("name", ""), fields.get("version", "")
    if not _NAME.fullmatch(name) or not is_token(name) or not is_token(version):
        yield unnamed(file, name, version)
        return
    said = qualifiers(uuid=fields.get("uuid", ""))
    yield Package(name, version, "julia", "pkg", file.path, "Julia", qualifiers=said)

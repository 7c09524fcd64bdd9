"""Installed R packages: DESCRIPTION ("Writing R Extensions", 1.1.1: `Field: value` lines)."""

import re
from collections.abc import Iterator, Mapping

from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._stanzas import stanzas
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "r"
VERSION = 2

_FIELDS = frozenset({"package", "version", "built", "priority", "repository", "git_url"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
_VERSION = re.compile(r"[0-9]+(?:[.-][0-9]+)*")

SIGNS = Signs(ends=("/DESCRIPTION",))


def wants(file: File) -> bool:
    return file.path.endswith("/DESCRIPTION")


def read(file: File) -> Iterator[Package | Problem]:
    """The package, if it is installed (`Built` says so). R itself is told by the package `base`.

    The other packages of `Priority: base` are parts of R, and have its version.
    """
    try:
        text = content(file)
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    header = next(stanzas(text.split("\n"), _FIELDS), None)
    if header is None or "built" not in header.fields:
        return
    if header.fields.get("priority") != "base":
        yield _package(file, header.fields)
    elif header.fields.get("package") == "base":
        yield _language(file, header.fields.get("version", ""))


def _language(file: File, version: str) -> Package | Problem:
    if not _VERSION.fullmatch(version) or not is_token(version):
        return unnamed(file, "R", version)
    return Package("R", version, type="generic", manager="r", path=file.path)


def _package(file: File, fields: Mapping[str, str]) -> Package | Problem:
    name, version = fields.get("package", ""), fields.get("version", "")
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version) or not is_token(name + version):
        return unnamed(file, name, version)
    kind, ecosystem = ("bioconductor", "Bioconductor") if _is_bioconductor(fields) else ("cran", "CRAN")
    return Package(name, version, type=kind, manager="r", path=file.path, ecosystem=ecosystem)


def _is_bioconductor(fields: Mapping[str, str]) -> bool:
    """Bioconductor's builds state their repository, or the git server where all its packages are kept."""
    repository, git = fields.get("repository", ""), fields.get("git_url", "")
    return repository.startswith("Bioconductor") or git.startswith("https://git.bioconductor.org/")

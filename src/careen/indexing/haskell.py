"""Haskell packages that GHC knows: package.conf.d/ID.conf (GHC's user guide, "InstalledPackageInfo")."""

import re
from collections.abc import Iterator

from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._stanzas import stanzas
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "haskell"
VERSION = 1

_INSTALLED = re.compile(r"(?:.*/)?package\.(?:conf\.d|db)/[^/]+\.conf", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")

SIGNS = Signs(ends=(".conf",), inside="package.")


def wants(file: File) -> bool:
    return file.path.endswith(".conf") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package; of an internal library of one (`z-PACKAGE-z-LIBRARY`), that which it is a part of."""
    try:
        text = content(file)
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    header = next(stanzas(text.split("\n"), ("name", "package-name", "version")), None)
    fields = header.fields if header else {}
    name, version = fields.get("package-name") or fields.get("name", ""), fields.get("version", "")
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version) or not is_token(name + version):
        yield unnamed(file, name, version)
        return
    yield Package(name, version, "hackage", "ghc", file.path, "Hackage")

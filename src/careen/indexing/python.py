"""Installed Python distributions: METADATA and PKG-INFO (PyPA's core metadata specifications)."""

import re
from collections.abc import Iterator

from careen.indexing._stanzas import stanzas
from careen.indexing._tokens import is_token, shown
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "python"
VERSION = 1

_ENDS = (".dist-info/METADATA", ".egg-info", ".egg-info/PKG-INFO", "/EGG-INFO/PKG-INFO")
_NAME = re.compile(r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)
_SEPARATORS = re.compile(r"[-_.]+")


def wants(file: File) -> bool:
    return file.path.endswith(_ENDS)


def read(file: File) -> Iterator[Package | Problem]:
    """The one distribution that the file is about, its name normalised as PEP 503 says."""
    text = file.read().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    header = next(stanzas(text, ("name", "version")), None)
    fields = {} if header is None else header.fields
    name, version = fields.get("name", ""), fields.get("version", "")
    if not is_token(name) or not _NAME.fullmatch(name) or not is_token(version):
        message = f"it has no valid name and version: {shown(name)}, {shown(version)}"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)
        return
    yield Package(
        _SEPARATORS.sub("-", name).lower(),
        version,
        type="pypi",
        manager="pip",
        path=file.path,
        ecosystem="PyPI",
    )

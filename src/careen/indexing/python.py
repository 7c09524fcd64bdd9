"""Installed Python distributions: METADATA and PKG-INFO (PyPA's core metadata), also in zipped eggs."""

import re
from collections.abc import Iterator
from dataclasses import replace

from careen.indexing._archived import archived
from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._rope import Rope
from careen.indexing._signs import Signs
from careen.indexing._stanzas import stanzas
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "python"
VERSION = 2

_ENDS = (".dist-info/METADATA", ".egg-info", ".egg-info/PKG-INFO", "/EGG-INFO/PKG-INFO", ".egg")
_IN_EGG = "EGG-INFO/PKG-INFO"
_NAME = re.compile(r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)
_SEPARATORS = re.compile(r"[-_.]+")

SIGNS = Signs(ends=_ENDS)


def wants(file: File) -> bool:
    return file.path.endswith(_ENDS)


def read(file: File) -> Iterator[Package | Problem]:
    """The one distribution that the file is about, its name normalised as PEP 503 says."""
    try:
        if not file.path.endswith(".egg"):
            yield _distribution(file, content(file))
        elif _is_zip(file):  # and no description of an egg of CHICKEN Scheme
            for inner in archived(file, _IN_EGG.__eq__):
                found = _distribution(file, content(inner))
                yield replace(found, inner=inner.path) if isinstance(found, Package) else found
    except InvalidMetadata as error:
        yield invalid(file, error)


def _is_zip(file: File) -> bool:
    return Rope(file.pieces).read(0, 2) == b"PK"


def _distribution(file: File, text: str) -> Package | Problem:
    header = next(stanzas(text.split("\n"), ("name", "version")), None)
    fields = {} if header is None else header.fields
    name, version = fields.get("name", ""), fields.get("version", "")
    if not is_token(name) or not _NAME.fullmatch(name) or not is_token(version):
        return unnamed(file, name, version)
    return Package(
        _SEPARATORS.sub("-", name).lower(),
        version,
        type="pypi",
        manager="pip",
        path=file.path,
        ecosystem="PyPI",
    )

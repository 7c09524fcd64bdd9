"""Packages in a conda environment: conda-meta/NAME-VERSION-BUILD.json (docs.conda.io, "Package metadata").

OSV has no ecosystem for conda; its name here is "conda".
"""

import re
from collections.abc import Iterator

from careen.indexing._json import InvalidJson, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._qualifiers import qualifiers
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "conda"
VERSION = 2

_RECORD = re.compile(r"(?:.*/)?conda-meta/[^/]+\.json", re.DOTALL)

SIGNS = Signs(ends=(".json",), inside="conda-meta/")


def wants(file: File) -> bool:
    return file.path.endswith(".json") and _RECORD.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package; the architecture is conda's `subdir`, such as "linux-64" or "noarch"."""
    try:
        fields = load_object(file)
    except InvalidJson as error:
        yield invalid(file, error)
        return
    name, version, arch, build = (text(fields.get(field)) for field in ("name", "version", "subdir", "build"))
    if not is_token(name) or not is_token(version) or not is_token(arch or "noarch"):
        yield unnamed(file, name, version)
        return
    said = qualifiers(build=build, subdir=arch)
    yield Package(name, version, "conda", "conda", file.path, "conda", arch=arch, qualifiers=said)

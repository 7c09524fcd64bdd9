"""Java archives that were unpacked, as build packs do it: META-INF/maven/GROUP/ARTIFACT/pom.properties.

What lies in BOOT-INF/lib or WEB-INF/lib beside it are archives again.
"""

import re
from collections.abc import Iterator

from careen.indexing import _jar
from careen.indexing._metadata import InvalidMetadata, invalid, raw
from careen.indexing._signs import Signs
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "unpacked-java"
VERSION = 1

_POM = re.compile(r"(?:.*/)?META-INF/maven/(?P<folder>[^/]+/[^/]+)/pom\.properties", re.DOTALL)

SIGNS = Signs(ends=("/pom.properties",))


def wants(file: File) -> bool:
    return file.path.endswith("/pom.properties") and _POM.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The archive; nothing where placeholders stand for its version, as in a folder of sources."""
    try:
        said = raw(file)
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    pom = _POM.fullmatch(file.path)
    found = _jar.pom(said, pom["folder"]) if pom else None
    if found:
        yield Package(found.name, found.version, "maven", "maven", file.path, "Maven")

"""Java runtimes by their `release` file (JEP 223, openjdk.org; https://openjdk.org/jeps/223)."""

import re
from collections.abc import Iterator

from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "jvm"
VERSION = 1

_LARGEST = 64 << 10  # bytes; it has some ten lines
_VERSION = re.compile(r'^JAVA_VERSION="?(?P<version>[^"\n]*)"?\s*$', re.MULTILINE)
_BEFORE_9 = re.compile(r"1\.(?P<major>[0-9]+)\.0(_(?P<update>[0-9]+))?")  # 1.8.0_392 is Java 8, update 392

SIGNS = Signs(ends=("/release",))


def wants(file: File) -> bool:
    return file.name == "release" and file.size <= _LARGEST


def read(file: File) -> Iterator[Package | Problem]:
    """The runtime as Bitnami's advisories name it; nothing for another file of that name."""
    try:
        found = _VERSION.search(content(file))
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    if not found:
        return
    old = _BEFORE_9.fullmatch(found["version"])
    version = f"{old['major']}.0.{old['update'] or '0'}" if old else found["version"]
    if is_token(version) and version[0].isdigit():
        yield Package("java", version, "bitnami", NAME, file.path, "Bitnami")
    else:
        yield unnamed(file, "java", version)

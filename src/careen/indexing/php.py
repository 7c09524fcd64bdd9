"""Packages that Composer installed: vendor/composer/installed.json (composer/composer on GitHub).

Composer 1 wrote a list of packages, Composer 2 writes an object with the list as `packages`. The folder above
composer/ is `vendor` unless the project's `vendor-dir` says otherwise.
"""

import re
from collections.abc import Iterator

from careen.indexing._json import InvalidJson, as_object, load, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "php"
VERSION = 1

_NAME = re.compile(r"[a-z0-9_.-]+/[a-z0-9_.-]+")  # VENDOR/PROJECT, of which letter case is no part

SIGNS = Signs(ends=("/composer/installed.json",))


def wants(file: File) -> bool:
    return file.path.endswith("/composer/installed.json")


def read(file: File) -> Iterator[Package | Problem]:
    """Every package, with the version as its author wrote it: Composer ignores the "v" of "v1.0.2"."""
    try:
        packages = _packages(load(file))
    except InvalidJson as error:
        yield invalid(file, error)
        return
    for number, package in enumerate(packages, 1):
        yield _package(file, number, package)


def _packages(document: object) -> list[object]:
    packages = document if isinstance(document, list) else as_object(document).get("packages")
    if not isinstance(packages, list):
        raise InvalidJson("it has no list of packages")
    return packages


def _package(file: File, number: int, package: object) -> Package | Problem:
    fields = package if isinstance(package, dict) else {}
    name, version = text(fields.get("name")).lower(), text(fields.get("version"))
    if not _NAME.fullmatch(name) or not is_token(name) or not is_token(version):
        return unnamed(file, name, version, f"package {number}")
    return Package(name, version, type="composer", manager="composer", path=file.path, ecosystem="Packagist")

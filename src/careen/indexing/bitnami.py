"""Bitnami's components by the SBOMs in their folders: opt/bitnami/NAME/.spdx-NAME.spdx (SPDX 2.3 as JSON)."""

from collections.abc import Iterator
from urllib.parse import unquote

from careen.indexing._json import InvalidJson, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "bitnami"
VERSION = 1

_FOLDER = "opt/bitnami/"
_PURL = "pkg:bitnami/"

SIGNS = Signs(begins=(_FOLDER,))


def wants(file: File) -> bool:
    return file.path.startswith(_FOLDER) and file.name.startswith(".spdx-") and file.name.endswith(".spdx")


def read(file: File) -> Iterator[Package | Problem]:
    """The components that Bitnami built; what else they hold is found by its own evidence."""
    try:
        packages = load_object(file).get("packages", [])
    except InvalidJson as error:
        yield invalid(file, error)
        return
    for package in packages if isinstance(packages, list) else []:
        for purl in _purls(package):
            yield _package(file, purl)


def _purls(package: object) -> list[str]:
    """Each once, in order."""
    references = package.get("externalRefs") if isinstance(package, dict) else None
    locators = [
        text(each.get("referenceLocator"))
        for each in (references if isinstance(references, list) else [])
        if isinstance(each, dict)
    ]
    return list(dict.fromkeys(each for each in locators if each.startswith(_PURL)))


def _package(file: File, purl: str) -> Package | Problem:
    """What the URL pkg:bitnami/NAME@VERSION names."""
    name, _, version = unquote(purl.removeprefix(_PURL).partition("?")[0]).partition("@")
    if not is_token(name) or not is_token(version):
        return unnamed(file, name, version, "a component")
    return Package(name, version, type="bitnami", manager=NAME, path=file.path, ecosystem="Bitnami")

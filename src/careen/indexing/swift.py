"""Swift packages that a build resolved: Package.resolved (PinsStore in swiftlang/swift-package-manager).

Programs are linked from them and name none of them, so this file is the only evidence there is. It tells what
was resolved, not what was linked: hence the low confidence.
"""

import re
from collections.abc import Iterator

from careen.indexing._json import InvalidJson, as_object, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "swift"
VERSION = 1

# https://github.com/apple/swift-nio.git, ssh://git@host/path, git@github.com:apple/swift-nio.git
_URL = re.compile(r"(?:[a-z+]+://)?(?:[^@/]*@)?([A-Za-z0-9.-]+)(?::[0-9]+)?[/:]([^?#]+)")

SIGNS = Signs(ends=("/Package.resolved",))


def wants(file: File) -> bool:
    return file.path.endswith("/Package.resolved")


def read(file: File) -> Iterator[Package | Problem]:
    """Every package of a released version, by its repository; those of a branch have none."""
    try:
        pins = _pins(load_object(file))
    except InvalidJson as error:
        yield invalid(file, error)
        return
    for number, pin in enumerate(pins, 1):
        fields = pin if isinstance(pin, dict) else {}
        state = fields.get("state")
        version = state.get("version") if isinstance(state, dict) else ""
        if version is not None:
            yield _package(
                file, number, text(fields.get("location", fields.get("repositoryURL"))), text(version)
            )


def _pins(document: dict[str, object]) -> list[object]:
    """The first version of the format keeps them in an object."""
    pins = as_object(document.get("object", document)).get("pins")
    if not isinstance(pins, list):
        raise InvalidJson("it has no list of pins")
    return pins


def _package(file: File, number: int, url: str, version: str) -> Package | Problem:
    found = _URL.fullmatch(url)
    name = f"{found[1].lower()}/{found[2].strip('/').removesuffix('.git')}" if found else ""
    if not is_token(name) or not is_token(version):
        return unnamed(file, name or url, version, f"pin {number}")
    return Package(name, version, "swift", NAME, file.path, "SwiftURL", confidence="low")

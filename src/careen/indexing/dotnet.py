"""NuGet packages of a .NET application: NAME.deps.json (dotnet/sdk, specs/runtime-configuration-file.md).

`libraries` says what each one is, `targets` which files of it the application runs.
"""

import re
from collections.abc import Iterator, Mapping

from careen.indexing._json import InvalidJson, as_object, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "dotnet"
VERSION = 2

_NAME = re.compile(r"[a-z0-9_.-]+")
_RUNTIME_PACK = "runtimepack."  # stands before the id of a package that .NET itself is published as
_KINDS = ("package", "runtimepack", "project")
_RUN = ("runtime", "runtimeTargets", "native")  # files of a library that are there when it runs

SIGNS = Signs(ends=(".deps.json",))


def wants(file: File) -> bool:
    return file.path.endswith(".deps.json")


def read(file: File) -> Iterator[Package | Problem]:
    """The packages, the parts of .NET that a self-contained application brings, and its own projects.

    A library that the target lists without any file to run served to compile only, and is not there.
    A project may only share its name with a package of NuGet's: low confidence.
    """
    try:
        document = load_object(file)
        libraries = as_object(document.get("libraries", {}))
    except InvalidJson as error:
        yield invalid(file, error)
        return
    target = _target(document)
    for library, fields in libraries.items():
        kind = _member(fields, "type")
        if kind in _KINDS and _runs(target.get(library)):
            yield _package(file, library, str(kind))


def _target(document: Mapping[str, object]) -> Mapping[str, object]:
    """The libraries of the target that the application runs on; empty where it is not told."""
    name = _member(document.get("runtimeTarget"), "name")
    target = _member(document.get("targets"), text(name))
    return target if isinstance(target, dict) else {}


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _runs(library: object) -> bool:
    return not isinstance(library, dict) or any(library.get(part) for part in _RUN)


def _package(file: File, library: str, kind: str) -> Package | Problem:
    """The package NAME/VERSION; letter case is no part of NuGet's names."""
    name, _, version = library.partition("/")
    name = name.removeprefix(_RUNTIME_PACK if kind == "runtimepack" else "").lower()
    if not _NAME.fullmatch(name) or not is_token(name) or not is_token(version):
        return unnamed(file, name, version, "a library")
    confidence = "low" if kind == "project" else ""
    return Package(name, version, "nuget", "nuget", file.path, "NuGet", confidence=confidence)

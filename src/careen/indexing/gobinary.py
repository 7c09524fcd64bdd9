"""The modules in executables that Go built, and Go's standard library (go.dev/ref/mod#go-version-m)."""

import re
from collections.abc import Iterator

from careen.indexing import _executable, _go_build_info
from careen.indexing._go_build_info import BadBuildInfo, BuildInfo, Module
from careen.indexing._section import BadExecutable
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, shown
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "gobinary"
VERSION = 1

_STANDARD_LIBRARY = "stdlib"
_RELEASE = re.compile(r"go([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:(?:beta|rc)[0-9]+)?)(?![0-9])")
_UNTAGGED = re.compile(r"v0\.0\.0-[0-9]{14}-[0-9a-f]{12}(\+dirty)?")

SIGNS = Signs(heads=_executable.MAGIC)


def wants(file: File) -> bool:
    return _executable.wanted(file)


def read(file: File) -> Iterator[Package | Problem]:
    """The standard library and every module that has a version."""
    try:
        info = _go_build_info.read(_executable.open_executable(file))
    except BadExecutable:
        return  # whether it is Go's, nobody can tell
    except BadBuildInfo as error:
        yield Problem(ProblemKind.INVALID_METADATA, file.path, str(error))
        return
    if info:
        yield from _standard_library(file, info)
        for module in dict.fromkeys(info.modules):
            yield from _module(file, module)


def _standard_library(file: File, info: BuildInfo) -> Iterator[Package | Problem]:
    release = _RELEASE.match(info.go)
    if release:
        yield _package(file, _STANDARD_LIBRARY, release[1])
    else:
        message = f"it was built by an unreleased Go: {shown(info.go)}"
        yield Problem(ProblemKind.INVALID_VERSION, file.path, message)


def _module(file: File, module: Module) -> Iterator[Package | Problem]:
    """Nothing for what was built from a folder: it has no version that an advisory could be about."""
    if module.version in ("", "(devel)") or (module.kind == "mod" and _UNTAGGED.fullmatch(module.version)):
        return
    if not is_token(module.path) or not is_token(module.version):
        message = f"no module has this name and version: {shown(module.path)}, {shown(module.version)}"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)
        return
    yield _package(file, module.path, module.version)


def _package(file: File, name: str, version: str) -> Package:
    return Package(name, version, type="golang", manager="go", path=file.path, ecosystem="Go")

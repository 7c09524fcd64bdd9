"""The modules in executables that Go built, and Go's standard library (go.dev/ref/mod#go-version-m)."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from careen.indexing import _executable, _go_build_info, _go_linked
from careen.indexing._executable import Executable
from careen.indexing._go_build_info import BadBuildInfo, BuildInfo, Module
from careen.indexing._section import BadExecutable
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, shown
from careen.indexing._zip_sift import is_whole
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "gobinary"
VERSION = 4

# What the advisories of Go call its parts (go.dev/security/vuln/database).
_STANDARD_LIBRARY: Final = "stdlib"
_TOOLCHAIN: Final = "toolchain"
_GO: Final = "cmd/go"
_RELEASE: Final = re.compile(r"go([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:(?:beta|rc)[0-9]+)?)(?![0-9])")
_IMPORTED: Final = re.compile(r"[^/.]+\.[^/]+/.")  # HOST/PATH, as a package of another module is
_UNTAGGED: Final = re.compile(r"v0\.0\.0-[0-9]{14}-[0-9a-f]{12}(\+dirty)?")
_NONE: Final = ("", "(devel)")

SIGNS = Signs(heads=_executable.MAGIC)


def wants(file: File) -> bool:
    return _executable.wanted(file)


def read(file: File) -> Iterable[Package | Problem]:
    """The standard library, every module that has a version, and Go itself where this is its command."""
    try:
        executable = _executable.open_executable(file)
        info = _go_build_info.read(executable) if executable.sections else None
    except BadExecutable:
        return ()  # whether it is Go's, nobody can tell
    except BadBuildInfo as error:
        return (Problem(ProblemKind.INVALID_METADATA, file.path, str(error)),)
    return _built(file, executable, info) if info else ()


def _built(file: File, executable: Executable, info: BuildInfo) -> Iterator[Package | Problem]:
    yield from _standard_library(file, info)
    for module in dict.fromkeys(info.modules):
        yield from _module(file, module)
    yield from _unversioned(file, executable, info)


def _standard_library(file: File, info: BuildInfo) -> Iterator[Package | Problem]:
    release = _RELEASE.match(info.go)
    if release:
        yield _package(file, _STANDARD_LIBRARY, release[1])
        if info.program == _GO:
            yield _package(file, _TOOLCHAIN, release[1])
    else:
        message = f"it was built by an unreleased Go: {shown(info.go)}"
        yield Problem(ProblemKind.INVALID_VERSION, file.path, message)


def _module(file: File, module: Module) -> Iterator[Package | Problem]:
    """Nothing for what was built from a folder: it has no version that an advisory could be about."""
    if module.version in _NONE or (module.kind == "mod" and _UNTAGGED.fullmatch(module.version)):
        return
    if not is_token(module.path) or not is_token(module.version):
        message = f"no module has this name and version: {shown(module.path)}, {shown(module.version)}"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)
        return
    yield _package(file, module.path, module.version)


def _unversioned(file: File, executable: Executable, info: BuildInfo) -> Iterator[Package]:
    """A program that was built from a folder, where its linker was told a version, which nobody has checked.

    Built without modules, as in Debian, the program's package is all that names its module.
    """
    main = next((module for module in info.modules if module.kind == "mod"), None)
    if main is None and _IMPORTED.match(info.program):
        main = Module("mod", info.program.partition("/cmd/")[0], "")
    if main and (main.version in _NONE or _UNTAGGED.fullmatch(main.version)) and is_token(main.path):
        version = _go_linked.version(info.linker_flags, main.path)
        if not version and not info.tells_flags and is_whole(file.pieces):
            version = _go_linked.written(executable)
        if version:
            yield _package(file, main.path, version, "low")


def _package(file: File, name: str, version: str, confidence: str = "") -> Package:
    return Package(name, version, "golang", "go", file.path, "Go", confidence=confidence)

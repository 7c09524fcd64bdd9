"""Installed rocks: lib/luarocks/rocks-LUA/NAME/VERSION/NAME-VERSION.rockspec (its wiki, "File locations").

OSV has no ecosystem for them; its name here is "LuaRocks".
"""

import re
from collections.abc import Iterator

from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, shown
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "lua"
VERSION = 1

_INSTALLED = re.compile(r"(?:.*/)?rocks(?:-[0-9.]+)?/([^/]+)/([^/]+)/([^/]+)\.rockspec", re.DOTALL)
_VERSION = re.compile(r"[^-]+-[0-9]+")  # with the revision of the rockspec

SIGNS = Signs(ends=(".rockspec",))


def wants(file: File) -> bool:
    return file.path.endswith(".rockspec") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The rock that the path names: LuaRocks itself looks there, and a rockspec is a Lua program."""
    installed = _INSTALLED.fullmatch(file.path)
    name, version, both = installed.groups() if installed else ("", "", "")
    if both != f"{name}-{version}" or not _VERSION.fullmatch(version) or not is_token(both):
        message = f"its path names no rock and version: {shown(file.path)}"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)
        return
    yield Package(name, version, type="luarocks", manager="luarocks", path=file.path, ecosystem="LuaRocks")

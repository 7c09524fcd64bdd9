"""Which branches of Alpine an image takes its packages from: etc/apk/repositories (apk-repositories(5)).

Each becomes the id `alpine/v3.18/main`, whatever mirror has it. A line with a tag (`@edge https://…`) is for
packages that ask for it by name; branches other than main and community have no advisories.
"""

import re
from collections.abc import Iterator

from careen.indexing._signs import Signs
from careen.model.file import File
from careen.model.layer import Repositories
from careen.model.problem import Problem, ProblemKind

NAME = "apk-repositories"
VERSION = 2

_FILE, _FOLDER = "etc/apk/repositories", "etc/apk/repositories.d/"
_LONGEST = 64 << 10  # bytes: real ones have some hundred
_BRANCH = re.compile(r"(?:https?|ftp)://\S+/v?([0-9]{1,4}\.[0-9]{1,4}|edge)/(main|community)/?")

SIGNS = Signs(ends=(_FILE,), begins=(_FOLDER,))


def wants(file: File) -> bool:
    return file.path == _FILE or (file.path.startswith(_FOLDER) and file.path.endswith(".list"))


def read(file: File) -> Iterator[Repositories | Problem]:
    if file.size > _LONGEST:
        yield Problem(ProblemKind.INVALID_METADATA, file.path, f"only its first {_LONGEST} bytes are read")
    lines = file.read()[:_LONGEST].decode("utf-8", "replace").splitlines()
    named = (match for line in lines if (match := _BRANCH.fullmatch(line.strip())))
    ids = tuple(dict.fromkeys(f"alpine/{_branch(match[1])}/{match[2]}" for match in named))
    if ids:
        yield Repositories(file.path, ids)


def _branch(release: str) -> str:
    """As Alpine's own mirror writes it."""
    return release if release == "edge" else f"v{release}"

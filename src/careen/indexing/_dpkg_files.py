"""The files that dpkg installed: info/PACKAGE.list and info/PACKAGE.md5sums (dpkg-query(1), deb-md5sums(5)).

A list names all files and folders; the digests leave configuration files out. Distroless images have the
digests beside status.d/PACKAGE. A file that was diverted stands elsewhere than its package's list says: three
lines in the file `diversions` name its path, the path where it is, and who asked for that (dpkg-divert(1)).
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.layer import Installed, Listing

_PATH: Final = re.compile(
    r"var/lib/dpkg/(info|status\.d)/(?P<package>[^/:]+)(:[^/:]+)?\.(?P<kind>list|md5sums)"
)
_DIGEST: Final = 32  # characters
_BETWEEN: Final = ("  ", " *")  # a digest and a path
_SUM: Final = 34  # characters before a path
_LARGEST: Final = 64 << 20  # bytes; that of a large package has 2 MB

DIVERSIONS: Final = "var/lib/dpkg/diversions"
_DIVERSION: Final = re.compile(r"^/(.+)\n/(.+)\n(.+)$", re.MULTILINE)
_LOCAL: Final = ":"  # the administrator asked for it

ENDS: Final = (".list", ".md5sums")
INSIDE: Final = "var/lib/dpkg/"


def wants(file: File) -> bool:
    return file.path == DIVERSIONS or (file.path.endswith(ENDS) and bool(_PATH.fullmatch(file.path)))


def read(file: File) -> Iterator[Installed | Listing]:
    """Nothing where the name cannot be a package's. Lines of another form are passed over."""
    if file.path == DIVERSIONS:
        yield from _diverted(file)
        return
    match = _PATH.fullmatch(file.path)
    if match is None or not is_token(match["package"]) or file.size > _LARGEST:
        return
    lines = file.read().decode("utf-8", "backslashreplace").split("\n")
    if match["kind"] == "list":
        yield Listing(lines, len("/"), partial(_listed, file.path, match["package"]))
    else:
        yield Listing(lines, _SUM, partial(_summed, file.path, match["package"]))


def _listed(path: str, package: str, lines: Sequence[str]) -> Installed:
    return Installed(path, package, "", tuple([(line[1:], b"") for line in lines if line.startswith("/")]))


def _summed(path: str, package: str, lines: Sequence[str]) -> Installed:
    files = [
        (line[_SUM:].removeprefix("./"), digest)
        for line in lines
        if line[_DIGEST:_SUM] in _BETWEEN and len(line) > _SUM and (digest := _digest(line[:_DIGEST]))
    ]
    return Installed(path, package, "md5", tuple(files))


def _digest(text: str) -> bytes:
    """Nothing where it is none, in small letters."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        return b""
    return digest if digest.hex() == text else b""


def _diverted(file: File) -> Iterator[Installed]:
    """They belong to a package that is not named here: whoever asked for it, or dpkg, stands for it."""
    text = file.read().decode("utf-8", "backslashreplace") if file.size <= _LARGEST else ""
    for _, path, package in _DIVERSION.findall(text):
        if package == _LOCAL or is_token(package):
            yield Installed(file.path, "dpkg" if package == _LOCAL else package, "", ((path, b""),))

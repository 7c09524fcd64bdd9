"""The files that dpkg installed: info/PACKAGE.list and info/PACKAGE.md5sums (dpkg-query(1), deb-md5sums(5)).

A list names all files and folders; the digests leave configuration files out. Distroless images have the
digests beside status.d/PACKAGE.
"""

import re
from collections.abc import Iterator

from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.layer import Installed

_PATH = re.compile(r"var/lib/dpkg/(info|status\.d)/(?P<package>[^/:]+)(:[^/:]+)?\.(?P<kind>list|md5sums)")
_SUMS = re.compile(r"^([0-9a-f]{32}) [ *](.+)$", re.MULTILINE)
_LISTED = re.compile(r"^/(.*)$", re.MULTILINE)
_LARGEST = 64 << 20  # bytes; that of a large package has 2 MB

BEGINS = ("var/lib/dpkg/info/", "var/lib/dpkg/status.d/")


def wants(file: File) -> bool:
    return file.path.endswith((".list", ".md5sums")) and bool(_PATH.fullmatch(file.path))


def read(file: File) -> Iterator[Installed]:
    """Nothing where the name cannot be a package's. Lines of another form are passed over."""
    match = _PATH.fullmatch(file.path)
    if match is None or not is_token(match["package"]) or file.size > _LARGEST:
        return
    text = file.read().decode("utf-8", "backslashreplace")
    if match["kind"] == "list":
        yield Installed(file.path, match["package"], "", tuple((path, b"") for path in _LISTED.findall(text)))
    else:
        files = tuple((path.removeprefix("./"), bytes.fromhex(said)) for said, path in _SUMS.findall(text))
        yield Installed(file.path, match["package"], "md5", files)

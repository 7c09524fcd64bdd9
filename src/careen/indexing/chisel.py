"""What Chisel cut out of Ubuntu's packages: manifest.wall (github.com/canonical/chisel, "jsonwall").

JSON values a line, compressed by zstd: a header, then packages, slices and paths, each of its `kind`.
"""

import json
from collections.abc import Iterator

from careen.indexing._metadata import unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.layer import Installed
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind
from careen.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

NAME = "chisel"
VERSION = 1

_PATH = "var/lib/chisel/manifest.wall"
_LARGEST = 64 << 20  # bytes, inflated; that of a large image has 1 MB
_WINDOW: dict[int, int] = {DecompressionParameter.window_log_max: 26}  # 64 MB
_LONGEST_LINE = 64 << 10  # bytes

SIGNS = Signs(ends=(_PATH,))


def wants(file: File) -> bool:
    return file.path == _PATH


def read(file: File) -> Iterator[Package | Problem | Installed]:
    owned: dict[str, list[tuple[str, bytes]]] = {}
    try:
        for fields in _values(file):
            if fields.get("kind") == "package":
                yield _package(file, fields)
            elif fields.get("kind") == "path":
                _add_path(owned, fields)
    except (ZstdError, ValueError, RecursionError) as error:
        message = f"Chisel's manifest cannot be read: {error}"[:200]
        yield Problem(ProblemKind.CORRUPT_DATABASE, file.path, message)
    for package, files in owned.items():
        yield Installed(file.path, package, "sha256", tuple(files))


def _values(file: File) -> Iterator[dict[str, object]]:
    """Raises ValueError and ZstdError."""
    stream = ZstdDecompressor(options=_WINDOW)
    content = stream.decompress(file.read(), _LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    for line in content.splitlines():
        if len(line) > _LONGEST_LINE:
            raise ValueError("a line is too long")
        value = json.loads(line)
        if not isinstance(value, dict):
            raise ValueError("a line is no JSON object")  # noqa: TRY004 - all that is wrong with it is one kind
        yield value
    if not stream.eof:
        raise ValueError("it is cut off")


def _package(file: File, fields: dict[str, object]) -> Package | Problem:
    name, version, arch = (str(fields.get(each, "")) for each in ("name", "version", "arch"))
    if not is_token(name) or not is_token(version) or not is_token(arch or "all"):
        return unnamed(file, name, version, "a package")
    return Package(name, version, type="deb", manager=NAME, path=file.path, source=name, arch=arch)


def _add_path(owned: dict[str, list[tuple[str, bytes]]], fields: dict[str, object]) -> None:
    """Under the package of each of its slices, PACKAGE_SLICE."""
    path, slices, sha256 = fields.get("path"), fields.get("slices"), fields.get("sha256")
    if not isinstance(path, str) or not isinstance(slices, list) or path.endswith("/"):
        return
    digest = bytes.fromhex(sha256) if isinstance(sha256, str) else b""
    for each in slices:
        owned.setdefault(str(each).partition("_")[0], []).append((path.lstrip("/"), digest))

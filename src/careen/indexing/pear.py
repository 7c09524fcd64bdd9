"""Extensions and packages of PHP that pecl and pear installed: .registry/ (pear.php.net, PEAR_Registry).

Packages of pear.php.net lie in the folder itself, others in .channel.CHANNEL/ in it. OSV has no ecosystem for
them; its name here is "PEAR".
"""

import re
from collections.abc import Iterator

from careen.indexing import _php_serialized
from careen.indexing._json import text
from careen.indexing._metadata import InvalidMetadata, invalid, raw, unnamed
from careen.indexing._php_serialized import InvalidSerialized
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "pear"
VERSION = 2

_INSTALLED = re.compile(r"(?:.*/)?\.registry/(?:\.channel\.(?P<channel>[^/]+)/)?[^/]+\.reg", re.DOTALL)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_CHANNEL = "pear.php.net"

SIGNS = Signs(ends=(".reg",))


def wants(file: File) -> bool:
    return file.path.endswith(".reg") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package, as CHANNEL/NAME. The first form of package.xml had `package`, and no channels."""
    try:
        fields = _php_serialized.arrays(raw(file))
    except (InvalidSerialized, InvalidMetadata) as error:
        yield invalid(file, error)
        return
    installed = _INSTALLED.fullmatch(file.path)
    channel = text(fields.get("channel")) or (installed and installed["channel"]) or _CHANNEL
    name, version = text(fields.get("name") or fields.get("package")), _version(fields.get("version"))
    if not _NAME.fullmatch(name) or not is_token(f"{channel}{name}") or not is_token(version):
        yield unnamed(file, name, version)
        return
    yield Package(f"{channel}/{name}", version, "pear", NAME, file.path, "PEAR")


def _version(said: object) -> str:
    return text(said.get("release")) if isinstance(said, dict) else text(said)

"""Installed npm packages: package.json (docs.npmjs.com/cli/configuring-npm/package-json).

A package is installed where Node.js looks for it (nodejs.org/api/modules.html, "Loading from node_modules
folders"): at node_modules/NAME or node_modules/@SCOPE/NAME, whatever tool put it there and however deep: also
in pnpm's node_modules/.pnpm/NAME@VERSION/node_modules/ and below the global prefix. Debian's own are in
/usr/share/nodejs. Other package.json files are an application's own, or examples and fixtures.
"""

import re
from collections.abc import Iterator

from careen.indexing._json import InvalidJson, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "node"
VERSION = 1

_INSTALLED = re.compile(
    r"(?:(?:.*/)?node_modules|usr/share/nodejs|usr/lib/(?:[^/]+/)?nodejs)"
    r"/(?:@[^/]+/)?[^/@.][^/]*/package\.json",
    re.DOTALL,
)
# Old names may have capitals and marks that npm's registry no longer takes: validate-npm-package-name.
_NAME = re.compile(r"(?:@[A-Za-z0-9_.~!'()*-]+/)?[A-Za-z0-9_~!'()*-][A-Za-z0-9_.~!'()*-]*")


def wants(file: File) -> bool:
    return file.path.endswith("/package.json") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package; nothing where the file has no name or no version, as a folder's `{"type": "module"}`."""
    try:
        fields = load_object(file)
    except InvalidJson as error:
        yield invalid(file, error)
        return
    if not fields.get("name") or not fields.get("version"):
        return
    name, version = text(fields["name"]), _cleaned(text(fields["version"]))
    if not _NAME.fullmatch(name) or not is_token(name) or not is_token(version):
        yield unnamed(file, name, version)
        return
    yield Package(name, version, type="npm", manager="npm", path=file.path, ecosystem="npm")


def _cleaned(version: str) -> str:
    """As npm takes it: `semver.clean(version, loose)` drops blanks, "=" and "v" before the number."""
    return re.sub(r"^[\s=v]+", "", version).rstrip()

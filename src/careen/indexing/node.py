"""Installed npm packages: package.json (docs.npmjs.com/cli/configuring-npm/package-json).

A package is installed where Node.js looks for it (nodejs.org/api/modules.html, "Loading from node_modules
folders"): at node_modules/NAME or node_modules/@SCOPE/NAME, whatever tool put it there and however deep: also
in pnpm's node_modules/.pnpm/NAME@VERSION/node_modules/ and below the global prefix. Debian's own are in
/usr/share/nodejs, Fedora's in node_modules_20 and its kin. Deno runs those in its cache,
npm/registry.npmjs.org/NAME/VERSION; Yarn's Plug'n'Play (yarnpkg.com/features/pnp) runs packages from the
archives in its own. Node.js' images have yarn in /opt, and Corepack keeps package managers in its folder
(nodejs.org/api/corepack.html). Other package.json files are an application's own, or examples and fixtures.
"""

import re
from collections.abc import Iterator
from typing import Final

from careen.indexing._archived import archived
from careen.indexing._json import InvalidJson, load_object, text
from careen.indexing._metadata import InvalidMetadata, invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "node"
VERSION = 3

_INSTALLED: Final = re.compile(
    r"(?:(?:.*/)?node_modules(?:_[0-9]+)?|usr/share/nodejs|usr/lib/(?:[^/]+/)?nodejs)"
    r"/(?:@[^/]+/)?[^/@.][^/]*/package\.json"
    r"|(?:.*/)?npm/registry\.npmjs\.org/(?:@[^/]+/)?[^/@.][^/]*/[0-9][^/]*/package\.json"
    r"|opt/yarn-v[0-9][^/]*/package\.json"
    r"|(?:.*/)?corepack/(?:v1/)?(?:npm|pnpm|yarn)/[0-9][^/]*/package\.json",
    re.DOTALL,
)
_CACHED: Final = re.compile(r"(?:.*/)?\.yarn/(?:berry/)?cache/[^/]+\.zip", re.DOTALL)
# Old names may have capitals and marks that npm's registry no longer takes: validate-npm-package-name.
_NAME: Final = re.compile(r"(?:@[A-Za-z0-9_.~!'()*-]+/)?[A-Za-z0-9_~!'()*-][A-Za-z0-9_.~!'()*-]*")

SIGNS = Signs(ends=("/package.json", ".zip"))


def wants(file: File) -> bool:
    path = file.path
    if path.endswith("/package.json"):
        return _INSTALLED.fullmatch(path) is not None
    return path.endswith(".zip") and _CACHED.fullmatch(path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The package, or those in the archive; nothing where a file has no name or no version."""
    if not file.path.endswith(".zip"):
        yield from _package(file, file)
        return
    try:
        for manifest in archived(file, lambda name: _INSTALLED.fullmatch(name) is not None):
            yield from _package(file, manifest)
    except InvalidMetadata as error:
        yield invalid(file, error)


def _package(file: File, manifest: File) -> Iterator[Package | Problem]:
    try:
        fields = load_object(manifest)
    except InvalidJson as error:
        yield invalid(file, error)
        return
    if not fields.get("name") or not fields.get("version"):
        return
    name, version = text(fields["name"]), _cleaned(text(fields["version"]))
    if not _NAME.fullmatch(name) or not is_token(name) or not is_token(version):
        yield unnamed(file, name, version)
        return
    inner = "" if manifest is file else manifest.path
    yield Package(name, version, type="npm", manager="npm", path=file.path, ecosystem="npm", inner=inner)


def _cleaned(version: str) -> str:
    """As npm takes it: `semver.clean(version, loose)` drops blanks, "=" and "v" before the number."""
    return re.sub(r"^[\s=v]+", "", version).rstrip()

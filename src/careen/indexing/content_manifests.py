"""From which repositories Red Hat built an image, and of which product it is: the files in buildinfo/.

github.com/containerbuildsystem/atomic-reactor, "image content manifest": content_manifests/*.json and
content-sets.json name repositories by the ids of repository-to-cpe.json. labels.json and Dockerfile-NAME-
VERSION-RELEASE hold the image's labels, among them the product's CPE (konflux-ci.dev, "labels").
"""

import re
from collections.abc import Iterator

from careen.indexing._json import InvalidJson, load_object
from careen.indexing._metadata import invalid
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.layer import Repositories
from careen.model.problem import Problem

NAME = "content-manifests"
VERSION = 2

_PATH = re.compile(
    r"(root|usr/share)/buildinfo/"
    r"(content_manifests/[^/]+\.json|content-sets\.json|content_sets\.json|labels\.json|Dockerfile-[^/]+)"
)
_LABELS = "/labels.json"
_DOCKERFILE = "/Dockerfile-"
_LABEL = re.compile(r"\bcpe[\"']?\s*=\s*[\"']?(cpe:/[^\s\"'\\]+)")
_MOST = 1000  # repositories of an image; honest ones have a dozen
_LONGEST = 1 << 20  # characters of a Dockerfile

SIGNS = Signs(begins=("root/buildinfo/", "usr/share/buildinfo/"))


def wants(file: File) -> bool:
    return "/buildinfo/" in file.path and bool(_PATH.fullmatch(file.path))


def read(file: File) -> Iterator[Repositories | Problem]:
    if _DOCKERFILE in file.path:
        named = _LABEL.findall(file.read().decode("utf-8", "replace")[:_LONGEST])
        yield from _said(file, cpes=named)
        return
    try:
        said = load_object(file)
    except InvalidJson as error:
        yield invalid(file, error)
        return
    if file.path.endswith(_LABELS):
        yield from _said(file, cpes=[said.get("cpe")])
    else:
        yield from _said(file, ids=said.get("content_sets"))


def _said(file: File, *, ids: object = (), cpes: object = ()) -> Iterator[Repositories]:
    found = Repositories(
        file.path, _tokens(ids), tuple(cpe for cpe in _tokens(cpes) if cpe.startswith("cpe:/"))
    )
    if found.ids or found.cpes:
        yield found


def _tokens(said: object) -> tuple[str, ...]:
    words = [each for each in (said if isinstance(said, list) else []) if isinstance(each, str)]
    return tuple(each for each in dict.fromkeys(words) if is_token(each))[:_MOST]

"""From which repositories Red Hat built an image: buildinfo/content_manifests/*.json and content-sets.json.

github.com/containerbuildsystem/atomic-reactor, "image content manifest"; the ids are those of
repository-to-cpe.json.
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
VERSION = 1

_PATH = re.compile(
    r"(root|usr/share)/buildinfo/(content_manifests/[^/]+\.json|content-sets\.json|content_sets\.json)"
)
_MOST = 1000  # repositories of an image; honest ones have a dozen

SIGNS = Signs(begins=("root/buildinfo/", "usr/share/buildinfo/"))


def wants(file: File) -> bool:
    return "/buildinfo/" in file.path and bool(_PATH.fullmatch(file.path))


def read(file: File) -> Iterator[Repositories | Problem]:
    try:
        named = load_object(file).get("content_sets", [])
    except InvalidJson as error:
        yield invalid(file, error)
        return
    ids = [each for each in (named if isinstance(named, list) else []) if isinstance(each, str)]
    if ids := [each for each in dict.fromkeys(ids) if is_token(each)][:_MOST]:
        yield Repositories(file.path, tuple(ids))

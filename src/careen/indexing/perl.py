"""Perl distributions that cpanm installed: .meta/NAME-VERSION/MYMETA.json (CPAN::Meta::Spec, version 2).

OSV has no ecosystem for them; its name here is "CPAN".
"""

import re
from collections.abc import Iterator

from careen.indexing._json import InvalidJson, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "perl"
VERSION = 1

_INSTALLED = re.compile(r"(?:.*/)?\.meta/[^/]+/MYMETA\.json", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_.+-]+")

SIGNS = Signs(ends=("/MYMETA.json",))


def wants(file: File) -> bool:
    return file.path.endswith("/MYMETA.json") and _INSTALLED.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Package | Problem]:
    """The distribution, such as "libwww-perl"; what modules it holds does not count."""
    try:
        fields = load_object(file)
    except InvalidJson as error:
        yield invalid(file, error)
        return
    name, version = text(fields.get("name")), text(fields.get("version"))
    if not _NAME.fullmatch(name) or not is_token(name) or not is_token(version):
        yield unnamed(file, name, version)
        return
    yield Package(name, version, type="cpan", manager="cpan", path=file.path, ecosystem="CPAN")

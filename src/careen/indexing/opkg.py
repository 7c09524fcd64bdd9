"""opkg's database on OpenWrt and its kin: usr/lib/opkg/status (openwrt.org, "opkg")."""

from collections.abc import Iterator

from careen.indexing._lines import lines
from careen.indexing._metadata import unnamed
from careen.indexing._signs import Signs
from careen.indexing._stanzas import stanzas
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "opkg"
VERSION = 1

_PATHS = frozenset({"usr/lib/opkg/status", "var/lib/opkg/status"})
_FIELDS = frozenset({"package", "version", "status", "architecture"})

SIGNS = Signs(ends=tuple(_PATHS))


def wants(file: File) -> bool:
    return file.path in _PATHS


def read(file: File) -> Iterator[Package | Problem]:
    """The packages that are installed: the last word of Status says so."""
    for stanza in stanzas(lines(file), _FIELDS):
        fields = stanza.fields
        if not fields or not fields.get("status", "installed").endswith("installed"):
            continue
        if fields.get("status", "").endswith("not-installed"):
            continue
        name, version, arch = (fields.get(each, "") for each in ("package", "version", "architecture"))
        if not is_token(name) or not is_token(version) or not is_token(arch or "all"):
            yield unnamed(file, name, version, f"the package at line {stanza.line}")
        else:
            yield Package(name, version, type="opkg", manager=NAME, path=file.path, source=name, arch=arch)

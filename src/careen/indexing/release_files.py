"""The distribution where there is no os-release: the files in etc/ that told it before.

Red Hat's kin write `NAME release VERSION (CODENAME)`, SUSE assigns below a line with its name, lsb_release(1)
has assignments; Alpine and Debian write nothing but their version.
"""

import re
from collections.abc import Iterator

from careen.indexing._assignments import assignments
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, printable
from careen.model.distro import Distro
from careen.model.file import File

NAME = "release-files"
VERSION = 2

_LSB, _SUSE, _ALPINE, _DEBIAN = (
    "etc/lsb-release",
    "etc/SuSE-release",
    "etc/alpine-release",
    "etc/debian_version",
)
_PATH = re.compile(r"etc/(?!os-release)[A-Za-z]+-release")  # redhat-release is a link to rocky-release
_LIMIT = 4096  # characters

_RED_HAT = re.compile(r"(?P<name>.+?) release (?P<version>[0-9]+(?:\.[0-9]+)*)(?: .*)?")
_RED_HATS = {
    "AlmaLinux": "almalinux",
    "Amazon Linux": "amzn",
    "CentOS": "centos",
    "Fedora": "fedora",
    "Oracle Linux": "ol",
    "Red Hat Enterprise Linux": "rhel",
    "Rocky Linux": "rocky",
    "Scientific Linux": "scientific",
}
_SUSES = {
    "SUSE Linux Enterprise Server": "sles",
    "SUSE Linux Enterprise Desktop": "sled",
    "openSUSE": "opensuse",
}
_SUSE_FIELD = re.compile(r"^(VERSION|PATCHLEVEL) *= *([0-9.]+) *$", re.MULTILINE)
_DEBIAN_RELEASE = re.compile(r"(?P<version>[0-9]+)(?:\.[0-9]+)*|(?P<codename>[a-z]+)/sid")

SIGNS = Signs(ends=("-release", _DEBIAN))


def wants(file: File) -> bool:
    return file.path == _DEBIAN or _PATH.fullmatch(file.path) is not None


def read(file: File) -> Iterator[Distro]:
    """Nothing for a file of another form: that nobody names the distribution is said of the image."""
    text = file.read().decode("utf-8", "replace")[:_LIMIT].strip()
    read_form = _FORMS.get(file.path, _red_hat)
    found = read_form(text)
    if found and all(is_token(each or "-") for each in found[:3]):
        yield Distro(found[0], found[1], found[2], name=printable(found[3]), path=file.path)


_Said = tuple[str, str, str, str]  # id, version, codename, name for people


def _red_hat(text: str) -> _Said | None:
    line = text.partition("\n")[0]
    said = _RED_HAT.fullmatch(line)
    found = _id(_RED_HATS, line) if said else ""
    return (found, said["version"], "", line) if said and found else None


def _suse(text: str) -> _Said | None:
    """`VERSION = 11` and `PATCHLEVEL = 4` are what os-release would call 11.4."""
    found, fields = _id(_SUSES, text), dict(_SUSE_FIELD.findall(text))
    pack = fields.get("PATCHLEVEL", "0")
    version = fields.get("VERSION", "") + (f".{pack}" if pack != "0" else "")
    return (found, version, "", text.partition("\n")[0]) if found and "VERSION" in fields else None


def _lsb(text: str) -> _Said | None:
    said = assignments(text)
    id_, version, codename, name = (
        said.get(f"DISTRIB_{each}", "") for each in ("ID", "RELEASE", "CODENAME", "DESCRIPTION")
    )
    return (id_.lower(), version, codename, name or id_) if id_ else None


def _alpine(text: str) -> _Said | None:
    return ("alpine", text, "", f"Alpine Linux {text}") if text[:1].isdigit() else None


def _debian(text: str) -> _Said | None:
    """`12.5`, or `trixie/sid` in what is not released yet."""
    said = _DEBIAN_RELEASE.fullmatch(text)
    return ("debian", said["version"] or "", said["codename"] or "", f"Debian {text}") if said else None


def _id(known: dict[str, str], line: str) -> str:
    return next((id_ for name, id_ in known.items() if line.startswith(name)), "")


_FORMS = {_LSB: _lsb, _SUSE: _suse, _ALPINE: _alpine, _DEBIAN: _debian}

"""The package URL of a package in an image (github.com/package-url/purl-spec)."""

import re
from functools import lru_cache
from urllib.parse import quote

from packageurl import PackageURL

from careen.model.distro import Distro
from careen.model.package import Package


def purl(package: Package, distro: Distro | None) -> str:
    """Such as `pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12&upstream=...`."""
    if not package.is_os:
        said = f"?{package.qualifiers}" if package.qualifiers else ""
        return _of_language(package.type, package.name, package.version) + said
    epoch, version = _epoch(package)
    qualifiers = {
        "arch": package.arch,
        "distro": _release(distro) if distro else "",
        "epoch": epoch,
        "upstream": _upstream(package),
    }
    namespace = _NAMESPACES.get(distro.id, distro.id) if distro else ""
    parts = (package.type, namespace, package.name, version, *qualifiers.values())
    if not (package.name and version and all(map(_PLAIN.fullmatch, parts))):
        return PackageURL(
            package.type, namespace or None, package.name, version, qualifiers=qualifiers
        ).to_string()
    name, vendor = _quoted(package.name), namespace
    if package.type in _LOWER_CASE:
        name, vendor = name.lower(), vendor.lower()  # the name's quotes too, as PackageURL has them
    where = f"{_quoted(vendor)}/{name}" if vendor else name
    joined = "&".join(f"{key}={_quoted(value)}" for key, value in qualifiers.items() if value)
    return f"pkg:{package.type}/{where}@{_quoted(version)}" + (f"?{joined}" if joined else "")


# PackageURL takes 0.1 ms for each: what most packages of distributions consist of is put together here.
_PLAIN = re.compile(r"[A-Za-z0-9.+~:@_-]*")
_LOWER_CASE = frozenset(("apk", "alpm"))

# Where a vendor's packages have one namespace, whatever the product (Red Hat's CSAF documents write so).
_NAMESPACES = {
    "hummingbird": "redhat",
    "opensuse-leap": "opensuse",
    "opensuse-leap-micro": "opensuse",
    "opensuse-tumbleweed": "opensuse",
    "rhel": "redhat",
}


def _release(distro: Distro) -> str:
    return "-".join(filter(None, (distro.id, distro.version_id or distro.codename)))


def _quoted(text: str) -> str:
    return text.replace("+", "%2B").replace("@", "%40")


# What stands between a namespace and a name in the ecosystems that have namespaces (purl-spec, types).
_SEPARATORS = {
    "composer": "/",
    "conan": "/",
    "golang": "/",
    "hex": "/",
    "maven": ":",
    "npm": "/",
    "pear": "/",
    "swift": "/",
}


@lru_cache(maxsize=10_000)  # images share their libraries
def _of_language(type_: str, full: str, version: str) -> str:
    """Such as `pkg:maven/org.apache.commons/commons-lang3@3.12.0`."""
    separator = _SEPARATORS.get(type_)
    namespace, _, name = full.rpartition(separator) if separator else ("", "", full)
    if not name.strip("/ "):  # no ecosystem allows that, and PackageURL would raise an error
        return f"pkg:{type_}/{quote(full, safe='')}@{quote(version, safe='')}"
    return PackageURL(type_, namespace, name, version).to_string()


def _epoch(package: Package) -> tuple[str, str]:
    """An rpm's epoch is a qualifier, and no part of the version."""
    if package.type != "rpm":
        return "", package.version
    epoch, _, version = package.version.rpartition(":")
    return epoch, version


def _upstream(package: Package) -> str:
    """The source package, where it is not the package itself: NAME or NAME@VERSION."""
    if package.source_version not in ("", _epoch(package)[1]):
        return f"{package.source or package.name}@{package.source_version}"
    return package.source if package.source != package.name else ""

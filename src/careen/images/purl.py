"""The package URL of a package in an image (github.com/package-url/purl-spec)."""

from urllib.parse import quote

from packageurl import PackageURL

from careen.model.distro import Distro
from careen.model.package import Package


def purl(package: Package, distro: Distro | None) -> str:
    """Such as `pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12&upstream=...`."""
    if not package.is_os:
        return _of_language(package)
    epoch, version = _epoch(package)
    return PackageURL(
        package.type,
        namespace=distro.id if distro else None,
        name=package.name,
        version=version,
        qualifiers={
            "epoch": epoch,
            "arch": package.arch,
            "distro": f"{distro.id}-{distro.version_id or distro.codename}" if distro else "",
            "upstream": _upstream(package),
        },
    ).to_string()


# What stands between a namespace and a name in the ecosystems that have namespaces (purl-spec, types).
_SEPARATORS = {"maven": ":", "npm": "/", "golang": "/", "composer": "/"}


def _of_language(package: Package) -> str:
    """Such as `pkg:maven/org.apache.commons/commons-lang3@3.12.0`."""
    separator = _SEPARATORS.get(package.type)
    namespace, _, name = package.name.rpartition(separator) if separator else ("", "", package.name)
    if not name.strip("/ "):  # no ecosystem allows that, and PackageURL would raise an error
        return f"pkg:{package.type}/{quote(package.name, safe='')}@{quote(package.version, safe='')}"
    return PackageURL(package.type, namespace, name, package.version).to_string()


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

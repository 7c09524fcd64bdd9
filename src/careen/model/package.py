"""An installed package, as one piece of evidence in an image names it."""

from dataclasses import dataclass

from careen.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Package:
    """As an indexer found it in one layer; squashing adds layer, ecosystem and purl."""

    name: str
    version: str
    type: str  # of its purl: "deb", "apk", "pypi"
    manager: str  # the package manager's name, for the API's `source`: "dpkg", "apk", "pip"
    path: str  # the evidence file, without a leading "/"
    ecosystem: str = ""  # OSV's name; "" = the image's distribution
    source: str = (
        ""  # name of the source package (Debian's source, apk's origin); "" = there is no such thing
    )
    source_version: str = ""
    arch: str = ""
    layer: Digest | None = None  # where this version was first installed
    purl: str = ""
    module: str = ""  # NAME:STREAM of the module that an rpm was built in ("nodejs:18")
    inner: str = ""  # where in the evidence file, if that is an archive: "lib/a.jar!/META-INF/maven/..."

    vendor: str = ""  # who built it, as the package says (rpm's Vendor, dpkg's Maintainer); "" = not said
    owner: str = ""  # the distribution's package that installed its files, and judges it: "python3-yaml"
    confidence: str = ""  # "low" where it was recognised by its content alone; "" = a package manager says so
    qualifiers: str = ""  # of its purl, as they stand there: "checksum=sha1:...", "subdir=linux-64"

    @property
    def is_os(self) -> bool:
        return self.type in OS_TYPES


OS_TYPES = frozenset({"deb", "apk", "rpm", "alpm", "opkg"})

# The names that Yandex' API gives to kinds of language packages (PackageVulnerability.type).
LANGUAGE_TYPES = {
    "cargo": "rustbinary",
    "composer": "composer-vendor",
    "conda": "conda-pkg",
    "gem": "gemspec",
    "golang": "gobinary",
    "maven": "jar",
    "npm": "node-pkg",
    "nuget": "dotnet-core",
    "pypi": "python-pkg",
}


def modular(name: str, module: str = "") -> str:
    """What advisories call a package whose builds in a module ("nodejs:18") are meant; "" = in any."""
    return f"{module or '*'}::{name}"

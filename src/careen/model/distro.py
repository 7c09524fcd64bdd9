"""A Linux distribution as os-release(5) names it, and its name in OSV's list of ecosystems."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

# Files that may name the distribution of a tree: the first that does counts. os-release(5) orders the first
# two; Oracle's Linux is Red Hat's by its etc/redhat-release, and Ubuntu is Debian by its etc/debian_version.
RELEASE_FILES = (
    "etc/os-release",
    "usr/lib/os-release",
    "etc/oracle-release",
    "etc/redhat-release",
    "etc/system-release",
    "etc/SuSE-release",
    "etc/lsb-release",
    "etc/alpine-release",
    "etc/debian_version",
)


def _alpine_release(version_id: str) -> str:
    """`v3.18` of `3.18.9`; a snapshot such as `3.21_alpha20240807` is edge."""
    match = re.fullmatch(r"(\d+\.\d+)(\.\d+)*(_rc\d+)?", version_id)
    return f"v{match[1]}" if match else "edge"


def _major(version_id: str) -> str:
    """`9` of `9.4`."""
    return version_id.partition(".")[0]


def _red_hat_release(version_id: str) -> str:
    return f"enterprise_linux:{_major(version_id)}"


def _hummingbird_release(version_id: str) -> str:  # noqa: ARG001 - what it says is a date
    return "hummingbird:1"


def _suse_release(version_id: str) -> str:
    """`Linux Enterprise Server 15 SP3` of `15.3`; since 16 they are counted as they are written."""
    major, _, pack = version_id.partition(".")
    if len(major) > 1 and major >= "16":
        return f"Linux Enterprise Server {version_id}"
    return f"Linux Enterprise Server {major}" + (f" SP{pack}" if pack not in ("", "0") else "")


def _micro_release(version_id: str) -> str:
    return f"Linux Enterprise Micro {version_id}"


def _linux_micro_release(version_id: str) -> str:
    return f"Linux Micro {version_id}"


def _leap_micro_release(version_id: str) -> str:
    return f"Leap Micro {version_id}"


def _leap_release(version_id: str) -> str:
    return f"Leap {version_id}"


def _tumbleweed_release(version_id: str) -> str:  # noqa: ARG001 - it rolls: what it says is a date
    return "Tumbleweed"


def _rolling(version_id: str) -> str:  # noqa: ARG001 - it has no releases: what it says is a date
    return ""


class _Family(NamedTuple):
    ecosystem: str  # OSV's name (ossf.github.io/osv-schema, "Defined ecosystems"), or one like these
    package_type: str  # the purl type of the packages that the distribution is made of
    release: Callable[[str], str] = str  # as the ecosystem writes what VERSION_ID says


# By the ID of os-release. OSV itself has nothing for CentOS, Fedora, Amazon's and Oracle's Linux, nor for
# those that are made from Debian, Ubuntu or Alpine: they rebuild packages under versions of their own, for
# which the advisories of the other do not hold.
_FAMILIES: Mapping[str, _Family] = {
    "almalinux": _Family("AlmaLinux", "rpm", _major),
    "alpine": _Family("Alpine", "apk", _alpine_release),
    "amzn": _Family("Amazon Linux", "rpm"),
    "arch": _Family("Arch Linux", "alpm", _rolling),
    "astra": _Family("Astra Linux", "deb"),
    "azurelinux": _Family("Azure Linux", "rpm", _major),
    "bottlerocket": _Family("Bottlerocket", "rpm", _rolling),
    "centos": _Family("CentOS", "rpm", _major),
    "chainguard": _Family("Chainguard", "apk", _rolling),
    "debian": _Family("Debian", "deb"),
    "devuan": _Family("Devuan", "deb"),
    "fedora": _Family("Fedora", "rpm"),
    "hummingbird": _Family("Red Hat", "rpm", _hummingbird_release),
    "kali": _Family("Kali", "deb", _rolling),
    "linuxmint": _Family("Linux Mint", "deb"),
    "mageia": _Family("Mageia", "rpm", _major),
    "mariner": _Family("Azure Linux", "rpm", _major),
    "minimos": _Family("MinimOS", "apk", _rolling),
    "ol": _Family("Oracle Linux", "rpm", _major),
    "openeuler": _Family("openEuler", "rpm"),
    "opensuse": _Family("openSUSE", "rpm", _leap_release),  # as Leap 42 names itself
    "opensuse-leap-micro": _Family("openSUSE", "rpm", _leap_micro_release),
    "opensuse-leap": _Family("openSUSE", "rpm", _leap_release),
    "opensuse-tumbleweed": _Family("openSUSE", "rpm", _tumbleweed_release),
    "parrot": _Family("Parrot", "deb"),
    "photon": _Family("Photon OS", "rpm"),
    "pop": _Family("Pop!_OS", "deb"),
    "postmarketos": _Family("postmarketOS", "apk"),
    "raspbian": _Family("Raspbian", "deb"),
    "rhel": _Family("Red Hat", "rpm", _red_hat_release),
    "rocky": _Family("Rocky Linux", "rpm", _major),
    "scientific": _Family("Scientific Linux", "rpm", _major),
    "sl-micro": _Family("SUSE", "rpm", _linux_micro_release),
    "sle-micro": _Family("SUSE", "rpm", _micro_release),
    "sle-micro-rancher": _Family("SUSE", "rpm", _micro_release),
    "suse-microos": _Family("SUSE", "rpm", _micro_release),
    "sled": _Family("SUSE", "rpm", _suse_release),
    "sles": _Family("SUSE", "rpm", _suse_release),
    "sles_sap": _Family("SUSE", "rpm", _suse_release),
    "ubuntu": _Family("Ubuntu", "deb"),
    "wolfi": _Family("Wolfi", "apk", _rolling),
}


_STREAM = "stream"  # in the name of the CentOS that Red Hat's next minor release is made from


_SERVICE_PACK = re.compile(r"\((LTS(?:-SP[0-9]+)?)\)")  # in openEuler's name


@dataclass(frozen=True, slots=True)
class Distro:
    id: str  # "debian"
    version_id: str = ""  # "12"; "" = not said (Debian testing and sid)
    codename: str = ""  # "bookworm"
    name: str = ""  # for people: PRETTY_NAME
    path: str = ""  # the file that says so

    @property
    def package_type(self) -> str:
        """The purl type of this distribution's own packages; "" for an unknown ID."""
        family = _FAMILIES.get(self.id)
        return family.package_type if family else ""

    @property
    def ecosystem(self) -> str:
        """OSV's ecosystem of this release, such as `Debian:12` or `AlmaLinux:9`; "" for an unknown ID.

        Where no VERSION_ID is given the codename stands for it (`Debian:trixie`).
        """
        family = _FAMILIES.get(self.id)
        if family is None:
            return ""
        said = self.version_id or self.codename
        release = family.release(said) if said or family.package_type == "apk" else ""
        if self.id == "openeuler" and (pack := _SERVICE_PACK.search(self.name)):
            release = f"{release}-{pack[1]}"  # VERSION_ID leaves it away
        name = family.ecosystem
        if self.id == "centos" and _STREAM in self.name.casefold():
            name += " Stream"  # it is ahead of Red Hat's: their versions cannot be compared
        return f"{name}:{release}" if release else name

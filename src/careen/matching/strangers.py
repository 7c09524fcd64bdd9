"""Packages that a distribution's advisories do not speak of, though they are installed beside its own."""

import re
from collections.abc import Iterable, Iterator

from careen.model.distro import Distro
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

# Words in rpm's Vendor, in small letters, of the distributions' own builds.
_VENDORS = {
    "almalinux": ("almalinux",),
    "amzn": ("amazon",),
    "azurelinux": ("microsoft",),
    "centos": ("centos", "red hat"),
    "fedora": ("fedora",),
    "hummingbird": ("red hat",),
    "mageia": ("mageia",),
    "mariner": ("microsoft",),
    "ol": ("oracle",),
    "openeuler": ("openeuler",),
    "opensuse": ("suse",),
    "opensuse-leap": ("suse",),
    "opensuse-leap-micro": ("suse",),
    "opensuse-tumbleweed": ("suse",),
    "photon": ("vmware", "broadcom"),
    "rhel": ("red hat",),
    "rocky": ("rocky",),
    "scientific": ("scientific", "red hat"),
    "sl-micro": ("suse",),
    "sle-micro": ("suse",),
    "sle-micro-rancher": ("suse",),
    "sled": ("suse",),
    "sles": ("suse",),
    "sles_sap": ("suse",),
    "suse-microos": ("suse",),
}
# Anybody may maintain a package of Debian, so only those are strangers who publish repositories of their own.
_MAINTAINERS = re.compile(
    r"docker|nginx packaging|nodesource|mongodb|mysql release|mariadb (developers|corporation)|zabbix|gitlab"
    r"|github|hashicorp|kubernetes|influxdata|elastic|grafana|google|microsoft|confluent|percona|redis labs"
    r"|redis ltd|rabbitmq team|clickhouse|datadog|cloudflare|tailscale|jenkins|azul|adoptium|amazon corretto",
    re.IGNORECASE,
)
_DEBIAN = re.compile(r"debian|ubuntu|canonical", re.IGNORECASE)
_VERSIONS = re.compile(r"pgdg|\+0~[0-9]{8}\.[0-9]+\+(debian|ubuntu)|\.sury|~ppa|ppa[0-9]+|\+rpt[0-9]")
# Sources of kernels: linux, linux-azure-5.15, linux-signed-amd64, kernel, kernel-uek, kernel6.1
_KERNEL = re.compile(r"(linux|kernel[0-9.]*)(-[a-z0-9.+]+)*")
_HEADERS = re.compile(
    r"linux-libc-dev(-.+)?|linux-(.+-)?(headers|kbuild|compiler|doc)(-.+)?"
    r"|kernel[0-9.]*-(.+-)?(headers|devel|macros|doc)(-.+)?"
)
_TOLD = 5  # names


def is_third_party(package: Package, distro: Distro | None) -> bool:
    """Whether somebody else than the distribution built the package, as far as it says so itself."""
    if distro is None or not package.is_os:
        return False
    if package.type == "rpm":
        own = _VENDORS.get(distro.id, ())
        return bool(own and package.vendor) and not any(name in package.vendor.casefold() for name in own)
    if package.type == "deb":
        if _VERSIONS.search(package.version):
            return True
        name = package.vendor.partition("<")[0]  # an address may be anybody's
        return bool(_MAINTAINERS.search(name)) and not _DEBIAN.search(name)
    return False


def is_kernel_headers(package: Package) -> bool:
    """Whether the package comes from the kernel's source, and has nothing in it that runs."""
    if not package.is_os or not _HEADERS.fullmatch(package.name):
        return False
    return _KERNEL.fullmatch(package.source or package.name) is not None


def problems(strangers: Iterable[Package], headers: Iterable[Package]) -> Iterator[Problem]:
    """One for each kind, which names some of them."""
    if names := sorted({package.name for package in strangers}):
        message = (
            f"built by others than the distribution, whose advisories do not speak of them: {_told(names)}"
        )
        yield Problem(ProblemKind.THIRD_PARTY_PACKAGE, "", message)
    if names := sorted({package.name for package in headers}):
        message = (
            f"headers of the kernel are not the kernel, whose advisories were left aside: {_told(names)}"
        )
        yield Problem(ProblemKind.KERNEL_HEADERS, "", message)


def _told(names: list[str]) -> str:
    more = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {more} more" if more > 0 else "")

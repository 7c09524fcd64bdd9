"""SUSE's and openSUSE's products by their CPEs, and the releases that their packages are installed in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from careen.model.advisory import Ecosystem
from careen.versions import rpm

OWN, PAID, MODULE = range(3)  # where a release says nothing itself, what holds for these holds for it

_SERVER = re.compile(r"cpe:/o:suse:(?P<product>[a-z0-9_.-]+):(?P<major>1[0-5])(?::sp(?P<pack>[0-9]))?")
_DOTTED = re.compile(r"cpe:/o:suse:sles:[0-9]+:(?P<release>[0-9]+\.[0-9]+)(?::server)?")
_NAMED = re.compile(r"cpe:/o:(?P<product>[a-z]+:[a-z-]+)(?::(?P<release>[0-9]+(?:\.[0-9]+)?))?")
_RANKS = {"sles": OWN, "suse_sles": OWN, "sles-ltss": PAID, "suse_sles_ltss": PAID}
_OTHERS = re.compile(
    r"teradata|raspberry", re.IGNORECASE
)  # with the CPE of the server, and builds of their own
_FAMILIES = {
    "suse:sle-micro": "SUSE:Linux Enterprise Micro",
    "suse:suse-microos": "SUSE:Linux Enterprise Micro",
    "suse:sl-micro": "SUSE:Linux Micro",
    "opensuse:leap": "openSUSE:Leap",
    "opensuse:leap-micro": "openSUSE:Leap Micro",
    "opensuse:tumbleweed": "openSUSE:Tumbleweed",
}
# General support (suse.com/lifecycle), and openSUSE's (en.opensuse.org/Lifetime).
_ENDS: Mapping[str, str] = {
    "SUSE:Linux Enterprise Server 11": "2010-12-31",
    "SUSE:Linux Enterprise Server 11 SP1": "2012-08-31",
    "SUSE:Linux Enterprise Server 11 SP2": "2014-01-31",
    "SUSE:Linux Enterprise Server 11 SP3": "2016-01-31",
    "SUSE:Linux Enterprise Server 11 SP4": "2019-03-31",
    "SUSE:Linux Enterprise Server 12": "2016-06-30",
    "SUSE:Linux Enterprise Server 12 SP1": "2017-05-31",
    "SUSE:Linux Enterprise Server 12 SP2": "2018-03-31",
    "SUSE:Linux Enterprise Server 12 SP3": "2019-06-30",
    "SUSE:Linux Enterprise Server 12 SP4": "2020-06-30",
    "SUSE:Linux Enterprise Server 12 SP5": "2024-10-31",
    "SUSE:Linux Enterprise Server 15": "2019-12-31",
    "SUSE:Linux Enterprise Server 15 SP1": "2021-01-31",
    "SUSE:Linux Enterprise Server 15 SP2": "2021-12-31",
    "SUSE:Linux Enterprise Server 15 SP3": "2022-12-31",
    "SUSE:Linux Enterprise Server 15 SP4": "2023-12-31",
    "SUSE:Linux Enterprise Server 15 SP5": "2024-12-31",
    "SUSE:Linux Enterprise Server 15 SP6": "2025-12-31",
    "SUSE:Linux Enterprise Server 15 SP7": "2031-07-31",
    "SUSE:Linux Enterprise Micro 5.0": "2022-03-31",
    "SUSE:Linux Enterprise Micro 5.1": "2025-10-31",
    "SUSE:Linux Enterprise Micro 5.2": "2026-04-30",
    "SUSE:Linux Enterprise Micro 5.3": "2026-10-30",
    "SUSE:Linux Enterprise Micro 5.4": "2027-04-30",
    "SUSE:Linux Enterprise Micro 5.5": "2027-10-31",
    "SUSE:Linux Micro 6.0": "2028-06-30",
    "SUSE:Linux Micro 6.1": "2028-11-30",
    "openSUSE:Leap 42.1": "2017-05-17",
    "openSUSE:Leap 42.2": "2018-01-26",
    "openSUSE:Leap 42.3": "2019-07-01",
    "openSUSE:Leap 15.0": "2019-12-03",
    "openSUSE:Leap 15.1": "2021-02-02",
    "openSUSE:Leap 15.2": "2022-01-04",
    "openSUSE:Leap 15.3": "2022-12-31",
    "openSUSE:Leap 15.4": "2023-12-07",
    "openSUSE:Leap 15.5": "2024-12-31",
    "openSUSE:Leap 15.6": "2026-04-30",
    "openSUSE:Leap 16.0": "2027-10-31",
}


@dataclass(frozen=True, slots=True)
class Place:
    ecosystem: str
    rank: int


def place(cpe: str, name: str) -> Place | None:
    """None for products that no container is made from: desktops, SAP's, images for clouds."""
    if _OTHERS.search(name):
        return None
    if server := _SERVER.fullmatch(cpe):
        product = server["product"]
        rank = MODULE if product.startswith("sle-module-") else _RANKS.get(product)
        pack = f" SP{server['pack']}" if server["pack"] else ""
        return None if rank is None else Place(f"SUSE:Linux Enterprise Server {server['major']}{pack}", rank)
    if dotted := _DOTTED.fullmatch(cpe):
        return Place(f"SUSE:Linux Enterprise Server {dotted['release']}", OWN)
    named = _NAMED.fullmatch(cpe)
    family = _FAMILIES.get(named["product"]) if named else None
    if named is None or family is None:
        return None
    return Place(f"{family} {named['release']}" if named["release"] else family, OWN)


def ecosystem(name: str) -> Ecosystem:
    return Ecosystem(name, rpm.NAME, end_of_life=_ENDS.get(name, ""))

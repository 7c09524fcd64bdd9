"""Policies of deletion and of scans, and the addresses from which a registry may be used."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class PolicyStatus(IntEnum):
    """Numbered as `LifecyclePolicy.Status`."""

    ACTIVE = 1
    DISABLED = 2


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """Which images of a repository are to go: all that it speaks of, save the newest and the young ones."""

    description: str = ""
    tag_regexp: str = ""  # of the whole tag; "" = it speaks of no tagged image
    untagged: bool = False  # it speaks of images without tags
    expire_period: timedelta | None = None  # since the image was made
    retained_top: int = 0  # newest images that stay


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    id: str
    repository_id: str
    name: str
    description: str
    status: PolicyStatus
    rules: tuple[LifecycleRule, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image, as far as a lifecycle policy looks at it."""

    id: str
    created_at: datetime
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a lifecycle policy would have deleted at some moment."""

    id: str
    policy_id: str
    run_at: datetime
    affected: int  # images


@dataclass(frozen=True, slots=True)
class ScanRule:
    prefixes: tuple[str, ...]  # of repositories, as the policy writes them; "*" = all
    disabled: bool = False
    rescan_period: timedelta | None = None  # None: it is about pushes

    def covers(self, repository: str, registry_id: str) -> bool:
        """Whether it is about the repository of that full name, itself named or below one that is."""
        inside = repository.removeprefix(f"{registry_id}/")
        names = [prefix.removeprefix(f"{registry_id}/") for prefix in self.prefixes]
        return any(name in ("*", inside) or inside.startswith(f"{name}/") for name in names)


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    id: str
    registry_id: str
    name: str
    description: str
    push_rule: ScanRule | None
    schedule_rules: tuple[ScanRule, ...]
    created_at: datetime
    disabled: bool = False


class IpAction(IntEnum):
    """Numbered as `IpPermission.Action`."""

    PULL = 1
    PUSH = 2


@dataclass(frozen=True, slots=True, order=True)
class IpPermission:
    action: IpAction
    ip: str  # an address, or a network in CIDR notation

    def admits(self, address: str) -> bool:
        """Whether the address is in the network; raises ValueError where either cannot be read."""
        network = ipaddress.ip_network(self.ip, strict=False)
        client = ipaddress.ip_address(address)
        mapped = getattr(client, "ipv4_mapped", None)
        return (mapped or client) in network

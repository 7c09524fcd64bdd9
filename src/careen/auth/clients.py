"""Where a call comes from, behind proxies too."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def address(peer: str, forwarded: str, proxies: Sequence[Network]) -> str:
    """The address that called: the last of X-Forwarded-For that is none of our proxies.

    `forwarded` counts only where the peer is a proxy of ours: anybody can write that header.
    """
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    while chain and is_proxy(peer, proxies):
        peer = chain.pop()
    return peer


def is_proxy(text: str, networks: Sequence[Network]) -> bool:
    """Whether the address is one of ours, whose word counts."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped in network for network in networks)

"""Where a call comes from, behind proxies and without."""

from ipaddress import ip_network

import pytest

from careen.auth import clients

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "127.0.0.1", "192.0.2.1"),  # anybody can write that header
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "127.0.0.1, 192.0.2.7", "192.0.2.7"),  # what stands before it, the client wrote
        ("10.0.0.1", "192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:470::7", "2001:470::7"),
        ("10.0.0.1", "unknown", "unknown"),
        ("", "192.0.2.7", ""),
    ],
)
def test_only_our_proxies_are_believed(peer: str, forwarded: str, address: str) -> None:
    assert clients.address(peer, forwarded, PROXIES) == address


def test_without_proxies_the_header_means_nothing() -> None:
    assert clients.address("127.0.0.1", "192.0.2.7", []) == "127.0.0.1"

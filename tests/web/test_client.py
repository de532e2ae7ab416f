"""The address of a client, as limits and logs count it."""

import pytest

from exoswitch.web.client import client_of, counted

PROXIES = {"10.0.0.9", "unix"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix", "unix"),
    ],
)
def test_an_ipv6_network_counts_as_one_client(address, expected):
    assert counted(address) == expected


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.9", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.9", ["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.9", ["1.2.3.4", "198.51.100.7, 10.0.0.9"], "198.51.100.7"),
        ("unix", ["2001:db8::1"], "2001:db8::/64"),
        ("10.0.0.9", [], "10.0.0.9"),
        ("10.0.0.9", ["a\nlog line"], "10.0.0.9"),
        ("::ffff:10.0.0.9", ["198.51.100.7"], "198.51.100.7"),
        ("2001:db8:1:2::9", ["198.51.100.7"], "2001:db8:1:2::/64"),
    ],
)
def test_only_a_trusted_proxy_names_its_client(peer, named, client):
    assert client_of(peer, named, PROXIES) == client

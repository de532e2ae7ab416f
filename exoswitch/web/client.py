"""Core: the address of a client, as limits and logs count it."""

from collections.abc import Collection, Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address

_IPV6_PREFIX = 64  # one customer's network (RFC 6177 §2)
UNIX = "unix"
"""The address of all clients of a UNIX socket."""


def plain(address: str) -> str:
    """Give an IP address in its usual form, an IPv4 address in an IPv6 one as IPv4; other text stays unchanged."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def counted(address: str) -> str:
    """Give the address that a client is counted under: an IPv6 client may use any address of its network."""
    try:
        parsed = ip_address(plain(address))
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), _IPV6_PREFIX), strict=False))
    return str(parsed)


def client_of(peer: str, forwarded_for: Sequence[str], trusted_proxies: Collection[str]) -> str:
    """Give the client behind a peer: behind a trusted proxy, the last address in ``X-Forwarded-For``."""
    addresses = [part.strip() for line in forwarded_for for part in line.split(",")]
    client = plain(peer)
    while client in trusted_proxies and addresses:
        client = plain(addresses.pop())
    try:
        ip_address(client)
    except ValueError:
        return plain(peer)
    return counted(client)

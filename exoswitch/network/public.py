"""Core: the IP addresses that are public, and the reason why another one is not.

From the special-purpose registries of IANA (RFC 6890), read in November 2026. An IPv6 address that contains an IPv4
address (IPv4-mapped, NAT64, 6to4) is judged by that one. 100.64.0.0/10 (carriers' NAT) is not public: clouds,
Kubernetes and Tailscale number their inner networks from it. The prefix of a network's own NAT64 (RFC 6052) cannot be
known.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_NOT_PUBLIC = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this machine"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier's or an inner network"),
        ("127.0.0.0/8", "this machine"),
        ("169.254.0.0/16", "the local link"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "a reserved range"),
        ("192.0.2.0/24", "a range for documentation"),
        ("192.88.99.0/24", "a reserved range"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "a range for benchmarks"),
        ("198.51.100.0/24", "a range for documentation"),
        ("203.0.113.0/24", "a range for documentation"),
        ("224.0.0.0/4", "a multicast range"),
        ("240.0.0.0/4", "a reserved range"),
        ("::/127", "this machine"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "the local link"),
        ("ff00::/8", "a multicast range"),
        ("2001::/23", "a reserved range"),  # with Teredo and ORCHID
        ("2001:db8::/32", "a range for documentation"),
        ("3fff::/20", "a range for documentation"),
    )
)
_UNICAST = IPv6Network("2000::/3")
"""The only range of IPv6 from which public addresses are given out (RFC 4291 §2.4)."""

_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_6TO4 = IPv6Network("2002::/16")  # RFC 3056
_IPV4_BITS = 0xFFFFFFFF


def read_address(text: str) -> Address:
    """Read an IP address as it is connected to: an IPv4 address in place of an IPv6 address that contains it."""
    address = ip_address(text.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return address
    if address in _MAPPED or address in _NAT64:
        return IPv4Address(int(address) & _IPV4_BITS)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & _IPV4_BITS)
    return address


def why_not_public(address: Address) -> str:
    """Say what an address belongs to, if it is not public; ``""`` if it is."""
    for network, why in _NOT_PUBLIC:
        if address in network:
            return why
    return "" if address.version == 4 or address in _UNICAST else "a reserved range"

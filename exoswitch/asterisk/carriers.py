"""Core: the networks of a trunk's carrier, as firewall and routes need them: addresses, never names.

A firewall looks up a name once, when it is loaded, and a server with a carrier's VPN may have no DNS.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from attrs import frozen

from exoswitch.errors import Problem
from exoswitch.interfaces.trunk import ITrunk, SignallingPeer

Network = IPv4Network | IPv6Network


@frozen
class Carrier:
    """The carrier of the trunk `name`.

    `signalling` are the networks of its SIP messages, `media` those that are only for RTP. `names` are the sources of
    its calls that are known by name alone.
    """

    name: str
    peer: SignallingPeer
    signalling: tuple[Network, ...]
    media: tuple[Network, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, trunk: ITrunk) -> "Carrier":
        """Read the networks of a trunk."""
        hosts = (trunk.signalling.host, *trunk.sources)
        signalling = collapsed(network for host in hosts if (network := network_of(host)) is not None)
        names = tuple(host for host in trunk.sources or hosts if network_of(host) is None)
        return cls(trunk.name, trunk.signalling, signalling, collapsed(trunk.media), names)

    @property
    def audio(self) -> tuple[Network, ...]:
        """The networks of its RTP: without own ones, it comes from where the SIP messages do."""
        return self.media or self.signalling

    @property
    def networks(self) -> tuple[Network, ...]:
        """All of its networks."""
        return collapsed((*self.signalling, *self.media))

    @property
    def warning(self) -> str | None:
        """Say what the firewall refuses because only a name is known."""
        if not self.names:
            return None
        refused = "calls from it" if self.media else "calls and audio from it"
        keys = "sources" if self.media else "sources and media"
        return (
            f"trunk {self.name}: the firewall does not let in {refused}, because it needs addresses, and "
            f"{', '.join(self.names)} is a name; write the carrier's networks to {keys}"
        )


def network_of(host: str) -> Network | None:
    """Read an address or a network; None if it is a name."""
    try:
        return ip_network(host)
    except ValueError:
        return None


def collapsed(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Give the same addresses in the fewest networks, as an interval set of nftables needs them: none overlap."""
    given = tuple(networks)
    fourth = collapse_addresses(network for network in given if isinstance(network, IPv4Network))
    sixth = collapse_addresses(network for network in given if isinstance(network, IPv6Network))
    return (*fourth, *sixth)


def swallowed(carriers: Sequence[Carrier], link: Iterable[Network]) -> Iterator[Problem]:
    """Find the carriers whose media networks contain an address of the link: their routes would cut it."""
    ours = tuple(link)
    for index, carrier in enumerate(carriers):
        for network in carrier.media:
            if hit := [own for own in ours if _overlaps(network, own)]:
                yield Problem(
                    f"trunks[{index}].media",
                    f"{network} contains {hit[0]} of the link between the servers, and a route to the carrier would "
                    "cut it; write the networks that the carrier named",
                )


def _overlaps(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)

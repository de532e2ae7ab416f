"""Core: the addresses that a connection may go to.

A host that is named in a request, and not in the configuration, may have public addresses only, and those that the
operator lists. The rule is applied to the addresses of a look-up, and the connection goes to these: a name that
changes its address between check and connection gains nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import Factory, evolve, frozen

from exoswitch.errors import AddressRefused
from exoswitch.network.addresses import Address as HostAndPort
from exoswitch.network.public import Network, read_address, why_not_public


@frozen
class Reach:
    """The addresses that one connection may go to: all, or public ones and those in these networks.

    `key` is the key of an account by which the operator permits a host.
    """

    everywhere: bool = False
    networks: tuple[Network, ...] = ()
    key: str = "stream_hosts"

    def permitted(self, host: str, addresses: Sequence[str], is_own: Callable[[str], bool]) -> tuple[str, ...]:
        """Choose the addresses of a host that may be connected to; `is_own` says which are this machine's.

        Raises:
            AddressRefused: there is none; the text does not name the addresses, which may be a secret of our network.
        """
        refusals = {address: self._refusal(address, is_own) for address in addresses}
        permitted = tuple(address for address, why in refusals.items() if not why)
        if not permitted:
            why = next(iter(refusals.values()))
            raise AddressRefused(
                f"{host} has no public address (its address belongs to {why}): "
                f"the operator can permit it with {self.key} or private_networks"
            )
        return permitted

    def _refusal(self, address: str, is_own: Callable[[str], bool]) -> str:
        """Say what an address belongs to that may not be connected to; ``""`` if it may be."""
        read = read_address(address)
        if self.everywhere or any(read in network for network in self.networks):
            return ""
        return why_not_public(read) or ("this machine" if is_own(address) else "")


EVERYWHERE = Reach(everywhere=True)
"""The reach of hosts that the operator has named."""


@frozen(kw_only=True)
class ReachRules:
    """The reach of every account's bots, or of the receivers of its callbacks, as configured.

    `urls` are the URLs of each account's apps or of their passthrus, and `hosts` its other hosts (``voice_bot`` or
    ``voice_bot:8080``), to which every address is permitted. `networks` are permitted to all accounts. `unlimited`
    permits every address to all: for a program that calls the bots of its own user. `key` is the key of the
    configuration that has the hosts.
    """

    urls: Mapping[str, frozenset[str]] = Factory(dict)
    hosts: Mapping[str, frozenset[str]] = Factory(dict)
    networks: tuple[Network, ...] = ()
    unlimited: bool = False
    key: str = "stream_hosts"

    def of_url(self, account: str, url: str, host: str, port: int) -> Reach:
        """Give the reach of a call's bot or resolver."""
        return EVERYWHERE if url in self.urls.get(account, ()) else self.of_host(account, host, port)

    def of_host(self, account: str, host: str, port: int) -> Reach:
        """Give the reach of a host that an account has named in a request, or its resolver in an answer."""
        name = host.lower().rstrip(".")
        is_listed = not {name, str(HostAndPort(name, port))}.isdisjoint(self.hosts.get(account, ()))
        return Reach(everywhere=self.unlimited or is_listed, networks=self.networks, key=self.key)

    def keeping(self, before: "ReachRules", used: Iterable[tuple[str, str]]) -> "ReachRules":
        """Give these rules, and permit each used (account, URL) that `before` permitted as an app's."""
        kept = dict(self.urls)
        for account, url in used:
            if url in before.urls.get(account, ()):
                kept[account] = kept.get(account, frozenset()) | {url}
        return evolve(self, urls=kept)


UNLIMITED = ReachRules(unlimited=True)

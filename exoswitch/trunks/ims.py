"""Core: the presets of Indian carriers, whose trunks are much alike: an IMS behind a proxy in the carrier's VPN."""

from collections.abc import Iterator

from attrs import Factory, frozen

from exoswitch.config import sip_values as sip
from exoswitch.config.sip_trunk import OptionsConfig, SipTrunkConfig, hop
from exoswitch.errors import Problem
from exoswitch.network.addresses import Address
from exoswitch.trunks.provider import Provider


@frozen(kw_only=True)
class ImsSettings(SipTrunkConfig):
    """The keys of a trunk of an IMS; `proxy` is its P-CSCF or SBC, and `domain` need not be in DNS."""

    proxy: sip.RequiredNextHop
    register: bool = True
    identity: sip.Identity = "pai"
    user_phone: bool = True
    options: OptionsConfig | None = Factory(lambda: OptionsConfig(every_s=3, timeout_s=1.0))

    @property
    def request_host(self) -> Address:
        """The host of its request URIs."""
        return hop(self.domain or self.proxy, self.transport)

    @property
    def from_domain(self) -> str:
        """The host in From; some trunks without registration have no domain."""
        return self.domain or self.next_hop.host * (not self.register)

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule that does not hold."""
        yield from super().broken_rules()
        if self.proxy and self.domain == self.next_hop.host:
            yield Problem("domain", "is the same as proxy; write the name of the carrier's domain, or remove the key")


@frozen(kw_only=True)
class AirtelSettings(ImsSettings):
    """Airtel answers 487 without ``user=phone``, and usually wants P-Preferred-Identity."""

    identity: sip.Identity = "ppi"


@frozen(kw_only=True)
class JioSettings(ImsSettings):
    """Jio's user of the digest is the number without its +."""

    auth_username: sip.LoginName = Factory(lambda trunk: trunk.username.removeprefix("+"), takes_self=True)


@frozen(kw_only=True)
class TataSettings(ImsSettings):
    """Tata refuses calls of some registered accounts with 403: for those write `register: no`."""

    identity: sip.Identity = "ppi"
    user_phone: bool = False


@frozen(kw_only=True)
class ViSettings(ImsSettings):
    """Vi knows its customers by their address."""

    register: bool = False


AIRTEL, JIO, TATA, VI = (Provider(cls) for cls in (AirtelSettings, JioSettings, TataSettings, ViSettings))

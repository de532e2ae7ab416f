"""Core: `provider: sip`: any SIP trunk; without more keys, a peer that knows us by our address."""

from attrs import Factory, frozen

from exoswitch.config import sip_values as sip
from exoswitch.config import values
from exoswitch.config.sip_trunk import PORTS, SipTrunkConfig
from exoswitch.network.addresses import Address
from exoswitch.trunks.provider import Provider


@frozen(kw_only=True)
class SipSettings(SipTrunkConfig):
    """The keys of `provider: sip`; the default port is the usual one of the transport."""

    host: sip.SipHost
    port: values.Port = Factory(lambda trunk: PORTS[trunk.transport], takes_self=True)

    @property
    def request_host(self) -> Address:
        """The host and port of its request URIs."""
        return Address(self.host, self.port)

    @property
    def from_domain(self) -> str:
        """The host in From: a registration needs one, and a peer without a domain sees Asterisk's address."""
        return self.domain or self.host * self.register


PROVIDER = Provider(SipSettings)

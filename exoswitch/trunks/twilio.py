"""Core: `provider: twilio`: Twilio's Elastic SIP Trunking."""

from collections.abc import Iterator
from functools import partial
from ipaddress import IPv4Network
from typing import Literal

from attrs import Factory, frozen

from exoswitch.config import sip_values as sip
from exoswitch.config import values
from exoswitch.config.sip_trunk import PORTS, OptionsConfig, SipTrunkConfig
from exoswitch.errors import Problem
from exoswitch.network.addresses import Address
from exoswitch.trunks.provider import Provider
from exoswitch.trunks.sip_trunk import SipTrunk

# Each region's signalling addresses, and the addresses of all media (twilio.com, IP addresses of SIP trunking).
SIGNALLING = (
    *("54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30"),
    *("54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30"),
)
MEDIA = IPv4Network("168.86.128.0/18")

ACCOUNT_SUSPENDED = 603
"""With it Twilio asks for another trunk (changelog of 2022-07-11)."""

Edge = Literal["ashburn", "umatilla", "dublin", "frankfurt", "singapore", "tokyo", "sydney", "sao-paulo"]


@frozen(kw_only=True)
class TwilioSettings(SipTrunkConfig):
    """The keys of `provider: twilio`; `termination` is the first part of the trunk's termination URI.

    Calls are identified by the domain of their request URI. Twilio does not say whether it answers OPTIONS.
    """

    termination: sip.Label
    edge: Edge = "singapore"
    secure: bool = True
    transport: sip.Transport = Factory(lambda trunk: "tls" if trunk.secure else "udp", takes_self=True)
    srtp: bool = Factory(lambda trunk: trunk.secure, takes_self=True)
    codecs: tuple[values.TrunkCodec, ...] = ("ulaw", "alaw")
    cps: values.CallsPerSecond = 1.0
    options: OptionsConfig | None = None
    media: tuple[values.CarrierNetwork, ...] = (MEDIA,)
    sources: tuple[sip.Source, ...] = SIGNALLING

    @property
    def request_host(self) -> Address:
        """The trunk's domain, at this edge."""
        return Address(f"{self.termination}.pstn.{self.edge}.twilio.com", PORTS[self.transport])

    @property
    def from_domain(self) -> str:
        """The host in From."""
        return self.domain or self.request_host.host

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule that does not hold."""
        yield from super().broken_rules()
        if self.register:
            yield Problem("register", "is not possible with Twilio; remove the key")
        if self.secure and (self.transport != "tls" or not self.srtp):
            yield Problem("secure", "is TLS with SRTP; remove transport and srtp, or write secure: no")
        if not self.secure and self.srtp:
            yield Problem("srtp", "needs a secure trunk at Twilio; write secure: yes, or remove srtp")


PROVIDER = Provider(TwilioSettings, trunk=partial(SipTrunk, own_refusals=frozenset({ACCOUNT_SUSPENDED})))

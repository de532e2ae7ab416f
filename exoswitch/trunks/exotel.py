"""Core: `provider: exotel`: Exotel's SIP trunking (vSIP)."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Literal

from attrs import Factory, frozen

from exoswitch.config import sip_values as sip
from exoswitch.config import values
from exoswitch.config.sip_trunk import OptionsConfig, SipTrunkConfig
from exoswitch.errors import Problem
from exoswitch.network.addresses import Address
from exoswitch.trunks.provider import Provider

PORTS = {"tls": 443, "tcp": 5070}

# developer.exotel.com, SIP trunking: Karnataka, Mumbai, Singapore.
MEDIA = tuple(
    map(
        IPv4Network,
        ("14.194.10.247", "61.246.82.75", "182.76.143.61", "122.15.8.184", "18.142.150.245", "122.248.223.73"),
    )
)


@frozen(kw_only=True)
class ExotelSettings(SipTrunkConfig):
    """The keys of `provider: exotel`; `edge` is the name of an edge, or a whole host name that Exotel assigned.

    Exotel names 200 calls a minute as the limit of a trunk. It does not say whether it answers OPTIONS.
    """

    account_sid: sip.Label
    edge: sip.Edge = "in4"
    transport: Literal["tls", "tcp"] = "tls"
    srtp: bool = Factory(lambda trunk: trunk.transport == "tls", takes_self=True)
    identity: sip.Identity = "rpid"
    cps: values.CallsPerSecond = 3.3
    options: OptionsConfig | None = None
    media: tuple[values.CarrierNetwork, ...] = MEDIA

    @property
    def request_host(self) -> Address:
        """The edge."""
        return Address(self.edge if "." in self.edge else f"pstn.{self.edge}.exotel.com", PORTS[self.transport])

    @property
    def from_domain(self) -> str:
        """The trunk's domain: Exotel answers 403 to another one."""
        return self.domain or f"{self.account_sid}.pstn.exotel.com"

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule that does not hold."""
        yield from super().broken_rules()
        if self.register:
            yield Problem("register", "is not possible with Exotel; remove the key")
        if not self.numbers:
            yield Problem(
                "numbers", "is missing, and Exotel refuses all other caller ids; add the ExoPhones of the trunk"
            )
        for key, shape in (("number", self.number), ("caller_id", self.caller_id)):
            if shape != "e164":
                yield Problem(key, "must be e164, since Exotel answers 403 or 484 to other forms; remove the key")


PROVIDER = Provider(ExotelSettings)

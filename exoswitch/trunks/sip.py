"""Core: a plain SIP trunk, identified by its address: no registration, no password."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from attrs import field, frozen
from zope.interface import implementer

from exoswitch.asterisk.pjsip import peer
from exoswitch.config import values
from exoswitch.config.model import TrunkConfig
from exoswitch.errors import InvalidValue, Problem
from exoswitch.interfaces.trunk import Dialling, ITrunk, SignallingPeer
from exoswitch.network.addresses import Address

# E.164 has at most 15 digits; numbers with prefixes and service codes are longer.
_NUMBER = re.compile(r"\+?[0-9]{1,32}")


@frozen(kw_only=True)
class SipSettings(TrunkConfig):
    """The keys of `provider: sip`; `codecs` are in order of preference."""

    host: values.Host
    port: values.Port = 5060
    codecs: tuple[values.TrunkCodec, ...] = ("alaw", "ulaw")

    def broken_rules(self) -> Iterator[Problem]:
        """Check that there is a codec, and none twice."""
        if not self.codecs or len(set(self.codecs)) < len(self.codecs):
            yield Problem("codecs", "must name at least one codec, and none twice")


@implementer(ITrunk)
@frozen
class SipTrunk:
    """A SIP peer at a fixed address, such as an operator's SBC behind a VPN."""

    settings: SipSettings
    registers: bool = field(default=False, init=False)
    asks_options: bool = field(default=True, init=False)
    own_refusals: frozenset[int] = field(default=frozenset(), init=False)
    media: tuple[IPv4Network | IPv6Network, ...] = field(default=(), init=False)

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.settings.name

    @property
    def address(self) -> str:
        """Where Asterisk reaches it: HOST:PORT."""
        return str(Address(self.settings.host, self.settings.port))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that it may show."""
        return self.settings.numbers

    @property
    def post_dial_s(self) -> float:
        """Silence after an Originate until the next trunk is tried."""
        return self.settings.post_dial_s

    @property
    def signalling(self) -> SignallingPeer:
        """Where its SIP messages go."""
        return SignallingPeer("udp", self.settings.host, self.settings.port)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where its SIP messages come from."""
        return (self.settings.host,)

    def shown(self, exophone: str) -> str:
        """Give the number that a call from this exophone shows."""
        return exophone if not self.numbers or exophone in self.numbers else self.numbers[0]

    def dial(self, number: str, exophone: str) -> Dialling:
        """Give the way to dial a number.

        Raises:
            InvalidValue: the number is not digits after an optional ``+``; other characters have a meaning in AMI
                and in the dialplan.
        """
        if not _NUMBER.fullmatch(number):
            raise InvalidValue("not a phone number to dial: write up to 32 digits, with or without a leading +")
        return Dialling(channel=f"PJSIP/{number}@{self.name}", caller_id=self.shown(exophone))

    def pjsip(self) -> str:
        """Give the trunk's sections of pjsip.conf."""
        trunk = self.settings
        return peer(trunk.name, codecs=trunk.codecs, host=trunk.host, port=trunk.port)

"""Core: a plain SIP trunk, identified by its address: no registration, no password."""

import re
from collections.abc import Iterator

from attrs import frozen
from zope.interface import implementer

from exoswitch.asterisk.pjsip import peer
from exoswitch.config import values
from exoswitch.config.model import TrunkConfig
from exoswitch.errors import InvalidValue, Problem
from exoswitch.interfaces.trunk import ITrunk
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

    @property
    def address(self) -> str:
        """Where Asterisk reaches it: HOST:PORT."""
        return str(Address(self.settings.host, self.settings.port))

    def dial_string(self, number: str) -> str:
        """Give the channel that dials this number.

        Raises:
            InvalidValue: the number is not digits after an optional ``+``; other characters have a meaning in AMI
                and in the dialplan.
        """
        if not _NUMBER.fullmatch(number):
            raise InvalidValue("not a phone number to dial: write up to 32 digits, with or without a leading +")
        return f"PJSIP/{number}@{self.settings.name}"

    def pjsip(self) -> str:
        """Give the trunk's sections of pjsip.conf."""
        trunk = self.settings
        return peer(trunk.name, codecs=trunk.codecs, host=trunk.host, port=trunk.port)

"""Core: a plain SIP trunk, known by its address alone: no registration, no password.

Trunks implement a port and do no input or output: of the world they import zope.interface and `interfaces` alone.
"""

import re
from collections.abc import Iterator

from attrs import frozen
from zope.interface import implementer

from exoswitch.asterisk.pjsip import aor, endpoint, identify, sip_uri
from exoswitch.config import values
from exoswitch.config.model import TrunkConfig
from exoswitch.errors import InvalidRequest, Problem
from exoswitch.interfaces.trunk import ITrunk

# E.164 has 15 digits at most; prefixes, service codes and test numbers make for more.
_NUMBER = re.compile(r"\+?[0-9]{1,32}")


@frozen(kw_only=True)
class SipSettings(TrunkConfig):
    """The keys of `provider: sip`; `codecs` are in order of preference."""

    host: values.Host
    port: values.Port = 5060
    codecs: tuple[values.TrunkCodec, ...] = ("alaw", "ulaw")

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule that does not hold: a codec at least, and none twice."""
        if not self.codecs or len(set(self.codecs)) < len(self.codecs):
            yield Problem("codecs", "must name at least one codec, and none twice")


@implementer(ITrunk)
@frozen
class SipTrunk:
    """A SIP peer at a fixed address, e.g. an operator's SBC reached through a VPN."""

    settings: SipSettings

    @property
    def name(self) -> str:
        """The trunk's name, which is also its PJSIP endpoint."""
        return self.settings.name

    @property
    def channels(self) -> int:
        """How many calls it carries at once."""
        return self.settings.channels

    def dial_string(self, number: str) -> str:
        """Give the channel that dials this number.

        Raises:
            InvalidRequest: the number is anything but digits after an optional ``+``, and so could mean something
                else to AMI or to the dialplan.
        """
        if not _NUMBER.fullmatch(number):
            raise InvalidRequest("To: not a phone number: give up to 32 digits, with or without a leading +")
        return f"PJSIP/{number}@{self.name}"

    def pjsip(self) -> str:
        """Give the trunk's sections of pjsip.conf."""
        trunk = self.settings
        return "\n".join(
            (
                endpoint(trunk.name, trunk.codecs),
                aor(trunk.name, sip_uri(trunk.host, trunk.port)),
                identify(trunk.name, trunk.host),
            ),
        )

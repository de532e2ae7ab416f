"""Core: a plain SIP trunk, known by its address alone: no registration, no password.

Trunks implement a port and do no input or output: of the world they import zope.interface and `interfaces` alone.
"""

import re
from collections.abc import Iterator

from attrs import frozen
from zope.interface import implementer

from exoswitch.asterisk.pjsip import CODECS, aor, endpoint, identify, sip_uri
from exoswitch.config.model import TrunkConfig
from exoswitch.errors import ConfigError, InvalidRequest, Problem
from exoswitch.interfaces.trunk import ITrunk

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")

# E.164 has 15 digits at most; prefixes, service codes and test numbers make for more.
_NUMBER = re.compile(r"\+?[0-9]{1,32}")


def problems(trunk: TrunkConfig, path: str) -> Iterator[Problem]:
    """Find whatever would make this trunk's sections of pjsip.conf wrong."""
    if not _NAME.fullmatch(trunk.name):
        yield Problem(f"{path}.name", "must be letters, digits, - and _: it names a section of pjsip.conf")
    if not _HOST.fullmatch(trunk.host):
        yield Problem(f"{path}.host", "must be an IP address or a host name")
    if not 0 < trunk.port < 65536:
        yield Problem(f"{path}.port", f"{trunk.port} is no UDP port: give one from 1 to 65535")
    unknown = [codec for codec in trunk.codecs if codec not in CODECS]
    if unknown or not trunk.codecs:
        yield Problem(f"{path}.codecs", f"{unknown} cannot be offered: choose from {', '.join(CODECS)}")


@implementer(ITrunk)
@frozen
class SipTrunk:
    """A SIP peer at a fixed address, e.g. an operator's SBC reached through a VPN."""

    config: TrunkConfig

    def __attrs_post_init__(self) -> None:
        found = tuple(problems(self.config, f"trunks[{self.config.name}]"))
        if found:
            raise ConfigError(found)

    @property
    def name(self) -> str:
        """The trunk's name, which is also its PJSIP endpoint."""
        return self.config.name

    @property
    def channels(self) -> int:
        """How many calls it carries at once."""
        return self.config.channels

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
        trunk = self.config
        return "\n".join(
            (
                endpoint(trunk.name, trunk.codecs),
                aor(trunk.name, sip_uri(trunk.host, trunk.port)),
                identify(trunk.name, trunk.host),
            ),
        )

"""Core: a SIP trunk, as its settings describe it: whom it shows, how it is dialled, what Asterisk is told of it."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from attrs import Factory, field, frozen
from zope.interface import implementer

from exoswitch.asterisk.pjsip_trunk import trunk_sections
from exoswitch.config.sip_trunk import SipTrunkConfig
from exoswitch.errors import InvalidValue
from exoswitch.interfaces.trunk import Dialling, ITrunk, SignallingPeer
from exoswitch.telephony.numbers import dialable, is_sip, shaped

# In AMI and in dial strings other characters have a meaning.
_DIGITS = re.compile(r"\+?[0-9]{1,32}", re.ASCII)

_SIP_ADDRESS = re.compile(r"sip:(?P<user>[A-Za-z0-9+._-]{1,64})@(?P<host>[^@]+)", re.ASCII)

_IDENTITY_HEADERS = {"pai": "P-Asserted-Identity", "ppi": "P-Preferred-Identity"}


@implementer(ITrunk)
@frozen
class SipTrunk:
    """A SIP trunk; `own_refusals` are the statuses with which its carrier refuses us, and not the called phone."""

    settings: SipTrunkConfig
    own_refusals: frozenset[int] = field(default=frozenset(), kw_only=True)
    _may_show: frozenset[str] = field(
        default=Factory(lambda trunk: frozenset(trunk.settings.numbers), takes_self=True),
        init=False,
        repr=False,
        eq=False,
    )

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.settings.name

    @property
    def address(self) -> str:
        """Where Asterisk reaches it: HOST:PORT."""
        return str(self.settings.next_hop)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that it may show."""
        return self.settings.numbers

    @property
    def registers(self) -> bool:
        """Whether Asterisk registers with it."""
        return self.settings.register

    @property
    def asks_options(self) -> bool:
        """Whether Asterisk sends OPTIONS to it."""
        return self.settings.options is not None

    @property
    def post_dial_s(self) -> float:
        """Silence after an Originate until the next trunk is tried."""
        return self.settings.post_dial_s

    @property
    def signalling(self) -> SignallingPeer:
        """Where its SIP messages go."""
        hop = self.settings.next_hop
        return SignallingPeer(self.settings.transport, hop.host, hop.port)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where its SIP messages come from."""
        return self.settings.source_hosts

    @property
    def media(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of its audio."""
        return self.settings.media

    def shown(self, exophone: str) -> str:
        """Give the number that a call from this exophone shows."""
        return exophone if not self.numbers or exophone in self._may_show else self.numbers[0]

    def dial(self, number: str, exophone: str) -> Dialling:
        """Give the way to dial a number, in the trunk's own forms, or a phone ``sip:USER@HOST`` at the trunk's host.

        Raises:
            InvalidValue: one of them is not a phone number, no phone can have the number, or the host is another one.
        """
        called = self._user(number) or self.settings.prefix + _digits(shaped(dialable(number), self.settings.number))
        caller_id = _digits(shaped(self.shown(exophone), self.settings.caller_id))
        return Dialling(
            channel=f"PJSIP/{called}@{self.name}",
            caller_id=caller_id,
            variables=tuple((f"PJSIP_HEADER(add,{name})", text) for name, text in self._headers(caller_id)),
        )

    def _user(self, number: str) -> str:
        """Give the user of a SIP address; ``""`` if it is a phone number.

        The call goes to the trunk's own host, and nowhere else: our credentials for it go nowhere else either.
        """
        if not is_sip(number):
            return ""
        address, host = _SIP_ADDRESS.fullmatch(number), self.settings.next_hop.host.lower()
        if address is None or address["host"].lower() not in {host, (self.settings.from_domain or host).lower()}:
            raise InvalidValue("no trunk leads to the host of this SIP address: name a trunk's host, or add a trunk")
        return address["user"]

    def _headers(self, caller_id: str) -> Iterator[tuple[str, str]]:
        """Give the headers that Asterisk has no option for."""
        trunk = self.settings
        header = _IDENTITY_HEADERS.get(trunk.identity)
        if header and (trunk.identity == "ppi" or trunk.identity_host):
            host = trunk.identity_host or trunk.from_domain or trunk.next_hop.host
            yield header, f"<sip:{caller_id}@{host}{';user=phone' * trunk.user_phone}>"
        yield from trunk.headers.items()

    def pjsip(self) -> str:
        """Give the trunk's sections of pjsip.conf."""
        return trunk_sections(self.settings)


def _digits(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise InvalidValue("not a phone number: write up to 32 digits, with or without a leading +")
    return text

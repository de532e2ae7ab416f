"""Port: a SIP trunk: how it is dialled, what it shows, and where its packets come from and go to."""

from typing import Literal

from attrs import field, frozen
from zope.interface import Attribute, Interface

Transport = Literal["udp", "tcp", "tls"]

POST_DIAL_S = 6.4
"""Silence after an Originate until the next trunk is tried: timer B of 64 * 100 ms (RFC 3261 §17.1.1.2)."""


@frozen(kw_only=True)
class Dialling:
    """How one call is dialled on one trunk.

    `channel` is the dial string (``PJSIP/+9198…@bsnl1``), `caller_id` the number shown, in the trunk's own form.
    `variables` are those of the Originate, such as ``PJSIP_HEADER(add,P-Preferred-Identity)``.
    """

    channel: str = field(repr=False)
    caller_id: str = field(repr=False)
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@frozen
class SignallingPeer:
    """The next hop of a trunk's SIP messages; `host` is an IP address or a host name."""

    transport: Transport
    host: str
    port: int


class ITrunk(Interface):
    """A SIP trunk, as checked settings describe it."""

    name = Attribute("Its name in the configuration, and that of its endpoint in Asterisk (str).")
    address = Attribute("Where Asterisk reaches it, for an operator: HOST:PORT (str).")
    numbers = Attribute(
        "The numbers that it may show, in E.164 (tuple[str, ...]); () = any. The first is its default."
    )
    registers = Attribute("Whether Asterisk registers with it (bool).")
    asks_options = Attribute("Whether Asterisk sends OPTIONS to it, to see whether it answers (bool).")
    own_refusals = Attribute("SIP statuses that, before any ringing, are about the trunk itself (frozenset[int]).")
    post_dial_s = Attribute("Silence after an Originate until the next trunk is tried, in seconds (float).")
    signalling = Attribute("Where its SIP messages go (SignallingPeer).")
    sources = Attribute("IP networks and host names that its SIP messages come from (tuple[str, ...]).")
    media = Attribute("Networks of its RTP, for firewall and routes (tuple of ip_network); () = as `sources`.")

    def shown(exophone: str) -> str:
        """Give the number (E.164) that a call from this exophone shows: itself, or the trunk's default number."""

    def dial(number: str, exophone: str) -> Dialling:
        """Give the way to dial a number, and to show the exophone or the trunk's default number.

        The address of a SIP phone, ``sip:USER@HOST``, is dialled on a trunk whose host this is.

        Raises:
            InvalidValue: one of them is not a phone number, no phone can have the number, or the host is another one.
        """

    def pjsip() -> str:
        """Give the trunk's sections of pjsip.conf."""

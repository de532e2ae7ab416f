"""Port: the keys of a SIP trunk: registration, login, next hop, numbers, headers, audio and security."""

from collections.abc import Iterator, Mapping

from attrs import Factory, field, frozen

from exoswitch.config import sip_values as sip
from exoswitch.config import values
from exoswitch.config.model import TrunkConfig
from exoswitch.errors import Problem
from exoswitch.network.addresses import Address, is_host
from exoswitch.telephony.numbers import shaped

PORTS: Mapping[sip.Transport, int] = {"udp": 5060, "tcp": 5060, "tls": 5061}
"""RFC 3261 §19.1.2."""


def hop(text: str, transport: sip.Transport) -> Address:
    """Give the address of a checked HOST or HOST:PORT."""
    return Address.of(text) if text and not is_host(text) else Address(text, PORTS[transport])


@frozen(kw_only=True)
class OptionsConfig:
    """OPTIONS to a trunk every `every_s`; Asterisk does not dial it if no answer comes within `timeout_s`."""

    every_s: sip.OptionsSeconds = 30
    timeout_s: sip.OptionsTimeout = 3.0


@frozen(kw_only=True)
class SipTrunkConfig(TrunkConfig):
    """The keys of every SIP trunk, with neutral defaults; a provider's own class has its own defaults and rules.

    Messages go to `proxy`, if there is one, and else to the host of their request URI. `domain` is the host in From,
    To and the registration. `username` is the user of the registration (IMPU), `auth_username` that of the digest
    (IMPI), if they differ; an empty `realm` is the one that the server names. `number` and `caller_id` are the forms
    of the called number and of ours; `prefix` stands before the called number. `inbound_number` is the header with
    the number dialled, in calls to the registered number. `identity` is the header that repeats our number, with
    `identity_host` in place of the domain. `options: no` is for a trunk that answers no OPTIONS. `media` are the
    networks of its audio, `sources` those of its calls to us.
    """

    transport: sip.Transport = "udp"
    srtp: bool = False
    register: bool = False
    proxy: sip.NextHop = ""
    domain: sip.Domain = ""
    username: sip.User = ""
    auth_username: sip.LoginName = ""
    password: sip.Secret = field(default="", repr=False, metadata={"secret": True})
    realm: sip.Realm = ""
    expires: sip.ExpirySeconds = 3600
    number: sip.NumberShape = "e164"
    caller_id: sip.NumberShape = "e164"
    inbound_number: sip.InboundNumber = "p-called-party-id"
    prefix: sip.TechPrefix = ""
    identity: sip.Identity = "none"
    identity_host: sip.Domain = ""
    from_user: sip.User = ""
    user_phone: bool = False
    headers: Mapping[sip.HeaderName, sip.HeaderValue] = Factory(dict)
    codecs: tuple[values.TrunkCodec, ...] = ("alaw", "ulaw")
    dtmf: sip.Dtmf = "auto"
    timers: bool = True
    prack: bool = True
    options: OptionsConfig | None = Factory(OptionsConfig)
    media: tuple[values.CarrierNetwork, ...] = ()
    sources: tuple[sip.Source, ...] = ()

    @property
    def request_host(self) -> Address:
        """The host and port of its request URIs."""
        return Address(self.domain, PORTS[self.transport])

    @property
    def from_domain(self) -> str:
        """The host in From, To and P-Asserted-Identity; ``""`` is the address of Asterisk."""
        return self.domain

    @property
    def next_hop(self) -> Address:
        """Where its messages go."""
        return hop(self.proxy, self.transport) if self.proxy else self.request_host

    @property
    def is_proxied(self) -> bool:
        """Whether its messages go to another host, or another port, than that of their request URIs."""
        return self.next_hop != self.request_host

    @property
    def source_hosts(self) -> tuple[str, ...]:
        """Where its messages come from."""
        return self.sources or (self.next_hop.host,)

    @property
    def contact_user(self) -> str:
        """The user of our address, to which the carrier sends calls: the registered number, or the default one."""
        if self.register and self.username.removeprefix("+").isdigit():
            return self.username
        return shaped(self.numbers[0], self.caller_id) if self.numbers else self.username

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule between the values that does not hold."""
        yield from _login_rules(self)
        yield from _number_rules(self)
        if not self.codecs or len(set(self.codecs)) < len(self.codecs):
            yield Problem("codecs", "must name at least one codec, and none twice")
        if self.srtp and self.transport != "tls":
            yield Problem(
                "srtp", f"sends its keys in clear over {self.transport}; write transport: tls, or remove srtp"
            )
        if self.options and self.options.timeout_s >= self.options.every_s:
            yield Problem("options.timeout_s", f"must be less than every_s, which is {self.options.every_s}")


def _login_rules(trunk: SipTrunkConfig) -> Iterator[Problem]:
    remedy = "add it, or write register: no for a trunk that knows you by your address"
    if trunk.register and not trunk.username:
        yield Problem("username", f"is missing, but the trunk registers; {remedy}")
    if trunk.register and not trunk.from_domain:
        yield Problem("domain", f"is missing, but the trunk registers; {remedy}")
    if trunk.password and not trunk.username:
        yield Problem("password", "is of no use without username; add it, or remove the password")
    if trunk.username and not trunk.password and not trunk.register:
        yield Problem("username", "is of no use without password; add it, or remove the username")


def _number_rules(trunk: SipTrunkConfig) -> Iterator[Problem]:
    if trunk.prefix and trunk.number == "e164":
        yield Problem("prefix", "cannot stand before a +; write number: e164-plain, national-0 or national")
    if trunk.identity_host and trunk.identity not in {"pai", "ppi"}:
        yield Problem("identity_host", f"has no effect with identity: {trunk.identity}; write identity: pai or ppi")

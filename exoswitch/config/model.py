"""Port: the configuration as the program sees it: frozen, complete, already checked."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, field, frozen


def _secret() -> Any:
    """Declare a field whose value is never shown."""
    return field(repr=False, metadata={"secret": True})


@frozen(kw_only=True)
class GatewayConfig:
    """This gateway: how many calls it carries at once."""

    capacity: int = 1000


@frozen(kw_only=True)
class RtpConfig:
    """RTP on this gateway.

    `ports` is an inclusive range; `advertise` is the address that Asterisk shall send to. A port rests for
    `quarantine_s` after a call. `jitter_max_ms` bounds the jitter buffer, `playout_max_s` the bot's queued audio,
    and a call from which no RTP has come for `silence_timeout_s` is ended. `codec` is what Asterisk speaks to us:
    ``ulaw`` or ``alaw``.
    """

    bind: str = "0.0.0.0"  # noqa: S104 - the private link's address is the operator's to choose
    advertise: str = "127.0.0.1"
    ports: range = range(20000, 24000)
    codec: str = "ulaw"
    quarantine_s: float = 5.0
    jitter_max_ms: int = 200
    playout_max_s: int = 300
    silence_timeout_s: float = 30.0


@frozen(kw_only=True)
class CallsConfig:
    """The waits of a call, in seconds; the defaults are Exotel's own (10 s handshake, 60 min a stream)."""

    ring_s: float = 45.0
    handshake_s: float = 10.0
    max_duration_s: float = 3600.0


@frozen(kw_only=True)
class AsteriskConfig:
    """One Asterisk: how to reach its AMI, and what `render-asterisk` needs to write its configuration.

    `ami` is a Twisted client endpoint string (``tcp:10.0.1.5:5038``, ``tls:…``); `sip` is HOST:PORT of its UDP
    transport; `rtp_ports` the inclusive range of its rtp.conf.
    """

    name: str
    ami: str
    username: str
    secret: str = _secret()
    host: str
    capacity: int = 600
    sip: str = "0.0.0.0:5060"
    rtp_ports: range = range(10000, 20000)


@frozen(kw_only=True)
class TrunkConfig:
    """One SIP trunk; `rate` is per pulse of `pulse_s` seconds, in the billing currency."""

    name: str
    provider: str
    host: str
    port: int = 5060
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    rate: float = 0.0
    pulse_s: int = 60
    channels: int = 30
    cps: float = 10.0


@frozen(kw_only=True)
class AccountConfig:
    """A customer of ours: the credentials that Exotel would have given, and how many calls at once they may have."""

    api_key: str
    api_token: str = _secret()
    concurrency: int = 100


@frozen(kw_only=True)
class AppConfig:
    """What Exotel calls a flow: an id, and the bot that it leads to.

    `url` may hold credentials; `chunk_ms` is the length of one `media` message, a multiple of 20.
    """

    account: str
    url: str = _secret()
    chunk_ms: int = 20


@frozen(kw_only=True)
class NumberConfig:
    """An inbound number (ExoPhone): whose it is, and which app answers it."""

    account: str
    app: str


@frozen(kw_only=True)
class BillingConfig:
    """What calls would have cost elsewhere, per minute, for comparison."""

    currency: str = "INR"
    baseline_rate: float = 0.50


@frozen(kw_only=True)
class Config:
    """A whole configuration file. `http` is a Twisted server endpoint string."""

    node: str = "gw1"
    gateway: GatewayConfig = Factory(GatewayConfig)
    rtp: RtpConfig = Factory(RtpConfig)
    http: str = "tcp:8080:interface=127.0.0.1"
    calls: CallsConfig = Factory(CallsConfig)
    asterisks: tuple[AsteriskConfig, ...]
    trunks: tuple[TrunkConfig, ...] = ()
    accounts: Mapping[str, AccountConfig] = Factory(dict)
    apps: Mapping[str, AppConfig] = Factory(dict)
    numbers: Mapping[str, NumberConfig] = Factory(dict)
    billing: BillingConfig = Factory(BillingConfig)

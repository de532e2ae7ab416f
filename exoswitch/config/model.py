"""Port: the configuration of a gateway: frozen, complete and checked.

The type of a field declares the kind of its value, which checks the file: see `values`.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import Attribute, Factory, field, fields, frozen

from exoswitch.billing.rates import MINUTE
from exoswitch.call.passthru import HANG_UP, Passthru
from exoswitch.call.stream_options import StreamOptions
from exoswitch.config import values
from exoswitch.errors import Problem
from exoswitch.interfaces.trunk import POST_DIAL_S

RTP_PORTS_PER_CALL = 4
"""Of an Asterisk: a PSTN leg and a UnicastRTP leg, RTP and RTCP each (Asterisk 22)."""

_NEVER_SHOWN = MappingProxyType({"secret": True})
_ONE_OR_MORE = MappingProxyType({"one_or_more": True})  # a list of one entry may be written as the entry


@frozen(kw_only=True)
class GatewayConfig:
    """This gateway: its limit of concurrent calls, and what it does with them when it stops.

    `processes` is the number of gateway processes that share this machine and this file; see `config.processes`.
    `on_stop`: it waits for their end, or hands them over to other gateways. After `stop_wait_s` it hangs up the rest.
    """

    capacity: values.Calls = 1000
    processes: values.Processes = 1
    on_stop: values.OnStop = "wait"
    stop_wait_s: values.StopSeconds = 30.0


@frozen(kw_only=True)
class RtpConfig:
    """RTP on this gateway.

    Asterisk sends to the address `advertise`. A port is not used again for `quarantine_s` after a call.
    `jitter_max_ms` bounds the jitter buffer, `playout_max_s` the bot's queued audio. A call without RTP for
    `silence_timeout_s` is ended. `codec` is the codec between Asterisk and us: ``ulaw`` or ``alaw``. `plane` is
    the media plane that runs: ``compiled``, ``python``, or with ``auto`` the compiled one if this install has it.
    `tick` is where it ticks: in the ``reactor``, in a ``thread`` of its own, which only the compiled one can, or with
    ``auto`` in a thread if it can.
    """

    bind: values.Ipv4 = "0.0.0.0"  # noqa: S104 - the private link's address is the operator's to choose
    advertise: values.ReachableIpv4 = "127.0.0.1"
    ports: values.PortRange = range(20000, 24000)
    codec: values.GatewayCodec = "ulaw"
    quarantine_s: values.QuarantineSeconds = 5.0
    jitter_max_ms: values.JitterMs = 200
    playout_max_s: values.PlayoutSeconds = 300
    silence_timeout_s: values.WaitSeconds = 30.0
    plane: values.MediaPlane = "auto"
    tick: values.MediaTick = "auto"


@frozen(kw_only=True)
class HttpLimitsConfig:
    """The limits of connections to the HTTP port: in all, and for each client's address.

    `trusted_proxies` are the addresses of proxies in front of it: they have no limit of their own, and the client's
    address is taken from their ``X-Forwarded-For``. ``unix`` stands for the clients of a UNIX socket.
    """

    connections: values.Connections = 256
    connections_per_address: values.Connections = 64
    trusted_proxies: tuple[values.Proxy, ...] = ()


@frozen(kw_only=True)
class CallsConfig:
    """The waits of a call, in seconds; the defaults are Exotel's own (10 s handshake, 60 min a stream).

    `waiting_sound` is a WAV file that the caller hears while a lost bot is reconnected; ``""`` is silence. When the
    gateway is full, Asterisk plays to an inbound caller its sound `full_message`, then `full_tone` for `full_tone_s`.
    """

    ring_s: values.WaitSeconds = 45.0
    handshake_s: values.WaitSeconds = 10.0
    max_duration_s: values.StreamSeconds = 3600.0
    waiting_sound: values.File = ""
    full_message: values.SoundName = ""
    full_tone: values.FullTone = "congestion"
    full_tone_s: values.WaitSeconds = 4.0


@frozen(kw_only=True)
class AsteriskConfig:
    """One Asterisk: its AMI, and the settings that `render-asterisk` writes into its files.

    `ami` is a Twisted client endpoint string (``tcp:10.0.1.5:5038``, ``tls:…``), `sip` HOST:PORT of its UDP and TCP
    transports; TLS has the next port. `rtp_ports` is the range of its rtp.conf. `media_address` says where audio is
    exchanged: at the address that Asterisk announces, or at `host`. Behind NAT, `public_address` is where
    carriers on the internet reach it. `sip_ca_file` is the file on its machine by which the certificates of trunks
    over TLS are checked. `gateways` are the addresses of all gateways that use it, for the firewall; without them it
    is `rtp.advertise`.
    """

    name: values.Name
    ami: values.ClientEndpoint
    username: values.ManagerUser
    secret: values.ManagerSecret = field(repr=False, metadata=_NEVER_SHOWN)
    host: values.ReachableIpv4
    media_address: values.MediaAddressOf = "announced"
    capacity: values.Calls = 600
    sip: values.HostAndPort = "0.0.0.0:5060"
    rtp_ports: values.PortRange = range(10000, 20000)
    public_address: values.PublicAddress = ""
    sip_ca_file: values.RemotePath = "/etc/ssl/certs/ca-certificates.crt"
    gateways: tuple[values.Network, ...] = ()

    @property
    def rtp_calls(self) -> int:
        """The calls that `rtp_ports` can carry; Asterisk skips an odd first port, since RTP takes an even one."""
        return (len(self.rtp_ports) - self.rtp_ports.start % 2) // RTP_PORTS_PER_CALL


def _each_number(ranges: Iterable[str | tuple[str, ...]]) -> tuple[str, ...]:
    """Give the numbers of all ranges, each once, in order."""
    numbers = (one for entry in ranges for one in ((entry,) if isinstance(entry, str) else entry))
    return tuple(dict.fromkeys(numbers))


@frozen(kw_only=True)
class CostConfig:
    """The price of a trunk's calls that are answered from the day `from` on, and before the day `until` (IST).

    `rate` is for `per_s` seconds, which are counted in pulses. `connect` is added to each answered call.
    `inbound_rate` is the rate of inbound calls. `rental` and `free_minutes` are for each channel and month.
    """

    rate: values.Money
    per_s: values.RateSeconds = 60
    pulse: values.PulseOf = MINUTE
    connect: values.Money = Decimal(0)
    inbound_rate: values.Money = Decimal(0)
    currency: values.Currency = "INR"
    from_: values.Day = None
    until: values.Day = None
    round_: values.Rounding = "up"
    rental: values.Money = Decimal(0)
    free_minutes: values.FreeMinutes = 0


@frozen(kw_only=True)
class TrunkConfig:
    """The keys of every trunk; each provider's own class adds more.

    `numbers` are those that it may show (E.164), its default one first; none means any number. `channels` is the
    limit of concurrent calls, `cps` of new calls a second. `order` and `weight` rank it among the others, as
    `routing` says. With `prefixes` it takes only numbers that begin so, with `accounts` only their calls. After
    `post_dial_s` of silence the next trunk is tried. `cost` is the carrier's price, or several for different days.
    """

    name: values.Name
    provider: values.Provider
    numbers: tuple[values.NumberRange, ...] = field(default=(), converter=_each_number)
    channels: values.Calls = 30
    cps: values.CallsPerSecond = 10.0
    order: values.TrunkOrder = 1
    weight: values.Weight = 1.0
    prefixes: tuple[values.DialPrefix, ...] = ()
    accounts: tuple[values.Name, ...] = ()
    post_dial_s: values.WaitSeconds = POST_DIAL_S
    cost: tuple[CostConfig, ...] = field(default=(), metadata=_ONE_OR_MORE)

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule between this trunk's values that does not hold; a path is a key of this trunk."""
        return iter(())


@frozen(kw_only=True)
class RoutingConfig:
    """The choice among trunks for an outbound call: see `exoswitch.trunks.selection`.

    If a trunk fails before the phone rings, the next one is tried: at most `attempts` trunks within `budget_s`.
    """

    strategy: values.Strategy = "order"
    attempts: values.Attempts = 3
    budget_s: values.AttemptSeconds = 15.0


@frozen(kw_only=True)
class AccountConfig:
    """An account: its API credentials, as Exotel gives them, its limits, and its rules.

    The limits are those of concurrent calls, and of requests a minute over the whole fleet: for calls, and to read.

    It may show its own numbers and those in `caller_ids`; ``any`` is every number that no other account has. It may
    dial numbers that begin with one of `dial_prefixes`; the default is India, whose numbers need no country code.
    Its StreamUrl may name any public host, and those in `stream_hosts`; its StatusCallback those in `callback_hosts`.
    It may dial the SIP phones at `sip_hosts`. Each of `signing_keys` signs its callbacks: while they are changed,
    there are two.
    """

    api_key: values.UserName
    api_token: values.Token = field(repr=False, metadata=_NEVER_SHOWN)
    concurrency: values.Calls = 100
    calls_per_minute: values.RequestsPerMinute = 200
    reads_per_minute: values.RequestsPerMinute = 300
    caller_ids: tuple[values.CallerId, ...] = ()
    dial_prefixes: tuple[values.DialPrefix, ...] = ("+91",)
    stream_hosts: tuple[values.StreamHost, ...] = ()
    sip_hosts: tuple[values.Host, ...] = ()
    callback_hosts: tuple[values.StreamHost, ...] = ()
    signing_keys: tuple[values.SigningKey, ...] = field(default=(), repr=False, metadata=_NEVER_SHOWN)


@frozen(kw_only=True)
class CallbacksConfig:
    """Status callbacks that fail: the pause before the second attempt, and the time after which they are given up."""

    first_retry_s: values.RetrySeconds = 300.0
    give_up_h: values.GiveUpHours = 24.0


def _with_kinds(_cls: type, specs: "list[Attribute[Any]]") -> "list[Attribute[Any]]":
    """Declare kinds for the two options whose types are not narrow enough."""
    kinds = {"chunk_ms": values.ChunkMs, "ca_file": values.File}
    return [spec.evolve(type=kinds.get(spec.name, spec.type)) for spec in specs]


@frozen(kw_only=True, field_transformer=_with_kinds)
class StreamConfig(StreamOptions):
    """The options of streams to bots, as they are written in the file."""

    def options(self) -> StreamOptions:
        """Give them as `StreamOptions`."""
        return StreamOptions(**{spec.name: getattr(self, spec.name) for spec in fields(StreamOptions)})


@frozen(kw_only=True)
class TracesConfig:
    """Traces of streams: a folder of at most `max_mb`, in which the oldest files are deleted first.

    `numbers`: phone numbers are written in full. `parameters` names the custom parameters whose values are written.
    """

    folder: values.Folder = ""
    max_mb: values.Megabytes = 1000
    numbers: bool = False
    parameters: tuple[values.Line, ...] = ()


@frozen(kw_only=True)
class PassthruConfig:
    """The question that follows the stream of an app's bot, if the caller is still there, and the ways on.

    `url` may hold credentials. The caller waits at most `timeout_s`; with `async` nobody waits. `json` puts the facts
    of the stream into one key. The statuses 200 and 302 choose a way; `otherwise` follows all others, and no answer.
    """

    url: values.PassthruUrl = field(repr=False, metadata=_NEVER_SHOWN)
    async_: bool = False
    json: bool = False
    timeout_s: values.PassthruSeconds = 10.0
    on_200: values.Hop = HANG_UP
    on_302: values.Hop = HANG_UP
    otherwise: values.Hop = HANG_UP

    def passthru(self) -> Passthru:
        """Give it as `Passthru`."""
        return Passthru(
            url=self.url,
            is_async=self.async_,
            is_json=self.json,
            timeout_s=self.timeout_s,
            on_200=self.on_200,
            on_302=self.on_302,
            otherwise=self.otherwise,
        )


@frozen(kw_only=True)
class RecordingsConfig:
    """Recordings of calls: a folder of at most `max_gb`, in which the oldest files are deleted first.

    A file is deleted after `retention_days`. With `format` ``wav`` all files are WAV, else MP3 as calls
    ask for it. `base_url` is the address of this gateway or its fleet for dialers: RecordingUrl begins with it.
    """

    folder: values.Folder = "exoswitch-recordings"
    format: values.RecordedAs = "mp3"
    retention_days: values.Days = 180
    max_gb: values.Gigabytes = 20
    base_url: values.BaseUrl = ""


@frozen(kw_only=True, field_transformer=_with_kinds)
class AppConfig(StreamConfig):
    """An app, which Exotel calls a flow: its bot, what follows it, and its own values for keys of `streams`.

    `url` may hold credentials. Keys that an app does not have are taken from `streams`. With `record`, its calls are
    recorded.
    """

    account: values.Name
    url: values.BotUrl = field(repr=False, metadata=_NEVER_SHOWN)
    passthru: PassthruConfig | None = None
    record: values.Recorded = "false"


@frozen(kw_only=True)
class NumberConfig:
    """An inbound number (ExoPhone): its account, and the app that answers it."""

    account: values.Name
    app: values.Name


@frozen(kw_only=True)
class BaselineConfig:
    """The price of the same calls elsewhere, for comparison: of a minute, counted in pulses."""

    rate: values.Money = Decimal("0.50")
    pulse: values.PulseOf = MINUTE
    inbound_rate: values.Money = Decimal(0)


@frozen(kw_only=True)
class BillingConfig:
    """The currency of the baseline, the baseline, and the length of a call by which trunks are compared."""

    currency: values.Currency = "INR"
    baseline: BaselineConfig = Factory(BaselineConfig)
    typical_call_s: values.TypicalSeconds = 60


@frozen(kw_only=True)
class Config:
    """A whole configuration file.

    `http` is a Twisted server endpoint string; `metrics` is another one for ``/metrics``, or ``""``. `cluster` is the
    address of the fleet's Redis; ``""`` is no fleet. `sessions` is the address of the session store, which keeps them
    for `retention_days` after the call. `journal` is the folder in which they wait while the store cannot be reached.
    `private_networks` are the networks, besides the public ones, in which a StreamUrl, the answer of a resolver or a
    StatusCallback may name a host.
    """

    node: values.Name = "gw1"
    gateway: GatewayConfig = Factory(GatewayConfig)
    rtp: RtpConfig = Factory(RtpConfig)
    http: values.ServerEndpoint = "tcp:8080:interface=127.0.0.1"
    http_limits: HttpLimitsConfig = Factory(HttpLimitsConfig)
    metrics: values.MetricsEndpoint = ""
    cluster: values.Cluster = field(default="", repr=False, metadata=_NEVER_SHOWN)
    sessions: values.SessionStore = field(default="sqlite:///exoswitch.db", repr=False, metadata=_NEVER_SHOWN)
    journal: values.Folder = "exoswitch-journal"
    retention_days: values.Days = 400
    calls: CallsConfig = Factory(CallsConfig)
    asterisks: tuple[AsteriskConfig, ...]
    trunks: tuple[TrunkConfig, ...] = ()
    routing: RoutingConfig = Factory(RoutingConfig)
    private_networks: tuple[values.Network, ...] = ()
    accounts: Mapping[values.Name, AccountConfig] = Factory(dict)
    callbacks: CallbacksConfig = Factory(CallbacksConfig)
    streams: StreamConfig = Factory(StreamConfig)
    traces: TracesConfig = Factory(TracesConfig)
    recordings: RecordingsConfig = Factory(RecordingsConfig)
    apps: Mapping[values.Name, AppConfig] = Factory(dict)
    numbers: Mapping[values.PhoneNumber, NumberConfig] = Factory(dict)
    billing: BillingConfig = Factory(BillingConfig)

"""Port: the configuration as the program sees it: frozen, complete, already checked.

The kind of each value, and with it the check of a file, stands in the field's type: see `values`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import Factory, field, fields, frozen

from exoswitch.call.stream_options import StreamOptions
from exoswitch.config import values
from exoswitch.errors import Problem

RTP_PORTS_PER_CALL = 4
"""Of an Asterisk: a PSTN leg and a UnicastRTP leg, RTP and RTCP each (Asterisk 22)."""

_NEVER_SHOWN = MappingProxyType({"secret": True})


@frozen(kw_only=True)
class GatewayConfig:
    """This gateway: how many calls it carries at once, and what becomes of them when it is stopped.

    `on_stop` says whether it waits for their end or hands them over to other gateways; `stop_wait_s` is how long it
    does either before it hangs up those that are left.
    """

    capacity: values.Calls = 1000
    on_stop: values.OnStop = "wait"
    stop_wait_s: values.StopSeconds = 30.0


@frozen(kw_only=True)
class RtpConfig:
    """RTP on this gateway.

    `ports` is an inclusive range; `advertise` is the address that Asterisk shall send to. A port rests for
    `quarantine_s` after a call. `jitter_max_ms` bounds the jitter buffer, `playout_max_s` the bot's queued audio,
    and a call from which no RTP has come for `silence_timeout_s` is ended. `codec` is what Asterisk speaks to us:
    ``ulaw`` or ``alaw``.
    """

    bind: values.Ipv4 = "0.0.0.0"  # noqa: S104 - the private link's address is the operator's to choose
    advertise: values.Ipv4 = "127.0.0.1"
    ports: values.PortRange = range(20000, 24000)
    codec: values.GatewayCodec = "ulaw"
    quarantine_s: values.QuarantineSeconds = 5.0
    jitter_max_ms: values.JitterMs = 200
    playout_max_s: values.PlayoutSeconds = 300
    silence_timeout_s: values.WaitSeconds = 30.0


@frozen(kw_only=True)
class CallsConfig:
    """The waits of a call, in seconds; the defaults are Exotel's own (10 s handshake, 60 min a stream).

    `waiting_sound` is a WAV file that the caller hears while a lost bot is connected again; without it, silence.
    What an inbound caller hears when every place is taken is Asterisk's to play: `full_message` is the name of a
    sound of its, played once; then `full_tone` for `full_tone_s`.
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
    """One Asterisk: how to reach its AMI, and what `render-asterisk` needs to write its configuration.

    `ami` is a Twisted client endpoint string (``tcp:10.0.1.5:5038``, ``tls:…``); `sip` is HOST:PORT of its UDP
    transport; `rtp_ports` the inclusive range of its rtp.conf.
    """

    name: values.Name
    ami: values.ClientEndpoint
    username: values.ManagerUser
    secret: values.ManagerSecret = field(repr=False, metadata=_NEVER_SHOWN)
    host: values.Ipv4
    capacity: values.Calls = 600
    sip: values.HostAndPort = "0.0.0.0:5060"
    rtp_ports: values.PortRange = range(10000, 20000)

    @property
    def rtp_calls(self) -> int:
        """The calls that `rtp_ports` can carry; Asterisk skips an odd first port, since RTP takes an even one."""
        return (len(self.rtp_ports) - self.rtp_ports.start % 2) // RTP_PORTS_PER_CALL


@frozen(kw_only=True)
class TrunkConfig:
    """The keys of every SIP trunk; each provider's own class adds more.

    `channels` is the limit of concurrent calls, `cps` of new calls a second. `rate` is the price of a pulse of
    `pulse_s` seconds, in the billing currency.
    """

    name: values.Name
    provider: values.Provider
    channels: values.Calls = 30
    cps: values.CallsPerSecond = 10.0
    rate: values.Money = 0.0
    pulse_s: values.PulseSeconds = 60

    def broken_rules(self) -> Iterator[Problem]:
        """Give each rule between this trunk's values that does not hold; a path is a key of this trunk."""
        return iter(())


@frozen(kw_only=True)
class AccountConfig:
    """A customer of ours: the credentials that Exotel would have given, and how many calls at once they may have."""

    api_key: values.UserName
    api_token: values.SecretLine = field(repr=False, metadata=_NEVER_SHOWN)
    concurrency: values.Calls = 100


@frozen(kw_only=True)
class StreamConfig:
    """How bots are spoken to; each field is explained in `StreamOptions`, whose fields and defaults these are."""

    chunk_ms: values.ChunkMs = 20
    numbers: values.NumberStyle = "national"
    outbound_from: values.OutboundFrom = "customer"
    first_timestamp: values.FirstTimestamp = "chunk"
    leg_sid: values.YesNo = False
    sample_rate_parameter: values.YesNo = False
    marks_on_clear: values.MarksOnClear = "flush"
    clear_granularity: values.ClearGranularity = "frame"
    drain_on_close: values.YesNo = False
    close_after_stop: values.CloseAfterStop = "handshake"
    on_stream_loss: values.OnStreamLoss = "hang-up"
    on_gateway_loss: values.OnGatewayLoss = "resume"
    resumed_sid: values.ResumedSid = "new"
    ca_file: values.File = ""
    trace: values.TraceKind = "off"

    def options(self) -> StreamOptions:
        """Give the options as the program hands them on."""
        return StreamOptions(**{spec.name: getattr(self, spec.name) for spec in fields(StreamOptions)})


@frozen(kw_only=True)
class TracesConfig:
    """Where traces of streams go: a folder of at most `max_mb`, whose oldest files give way.

    `numbers` says that phone numbers are shown in full; `parameters` names the custom parameters whose values are no
    secrets.
    """

    folder: values.Folder = ""
    max_mb: values.Megabytes = 1000
    numbers: values.YesNo = False
    parameters: tuple[values.Line, ...] = ()


@frozen(kw_only=True)
class AppConfig(StreamConfig):
    """What Exotel calls a flow: an id, and the bot that it leads to; it may hold every key of `streams`, too.

    `url` may hold credentials. A key of `streams` that an app does not have is taken from there.
    """

    account: values.Name
    url: values.BotUrl = field(repr=False, metadata=_NEVER_SHOWN)


@frozen(kw_only=True)
class NumberConfig:
    """An inbound number (ExoPhone): whose it is, and which app answers it."""

    account: values.Name
    app: values.Name


@frozen(kw_only=True)
class BillingConfig:
    """What calls would have cost elsewhere, per minute, for comparison."""

    currency: values.Currency = "INR"
    baseline_rate: values.Money = 0.50


@frozen(kw_only=True)
class Config:
    """A whole configuration file.

    `http` is a Twisted server endpoint string. `cluster` is the Redis of the fleet's counts, or ``""``: this gateway
    counts alone. `sessions` says where sessions are kept, for `retention_days` after
    the call, and `journal` is the folder where they wait while that cannot be reached.
    """

    node: values.Name = "gw1"
    gateway: GatewayConfig = Factory(GatewayConfig)
    rtp: RtpConfig = Factory(RtpConfig)
    http: values.ServerEndpoint = "tcp:8080:interface=127.0.0.1"
    cluster: values.Cluster = field(default="", repr=False, metadata=_NEVER_SHOWN)
    sessions: values.SessionStore = field(default="sqlite:///exoswitch.db", repr=False, metadata=_NEVER_SHOWN)
    journal: values.Folder = "exoswitch-journal"
    retention_days: values.Days = 365
    calls: CallsConfig = Factory(CallsConfig)
    asterisks: tuple[AsteriskConfig, ...]
    trunks: tuple[TrunkConfig, ...] = ()
    accounts: Mapping[values.Name, AccountConfig] = Factory(dict)
    streams: StreamConfig = Factory(StreamConfig)
    traces: TracesConfig = Factory(TracesConfig)
    apps: Mapping[values.Name, AppConfig] = Factory(dict)
    numbers: Mapping[values.PhoneNumber, NumberConfig] = Factory(dict)
    billing: BillingConfig = Factory(BillingConfig)

"""Port: the kinds of value that the model declares its fields with; a type checker sees plain types.

A field may also be declared as `bool`, or as a `Literal` of words.
"""

import datetime as dt
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from exoswitch.billing.rates import Pulse
from exoswitch.call.passthru import Hop as NextHop
from exoswitch.config import addresses, kinds
from exoswitch.config.kinds import Kind, decimal, whole

Name = Annotated[str, Kind(kinds.name, "a-name")]
Line = Annotated[str, Kind(kinds.line, "some-text")]
UserName = Annotated[str, Kind(kinds.user, "a-user")]
Provider = Annotated[str, Kind(kinds.name, "sip")]
ManagerUser = Annotated[str, Kind(kinds.manager_user, "exoswitch")]
ManagerSecret = Annotated[str, Kind(kinds.manager_secret, '"${NAME}"')]
SigningKey = Annotated[bytes, Kind(kinds.signing_key, '"${NAME}"')]
Token = Annotated[str, Kind(kinds.token, '"${NAME}"')]
PhoneNumber = Annotated[str, Kind(kinds.phone_number, '"+918047491899"')]
NumberRange = Annotated[str, Kind(kinds.number_range, '"+914024001350-99"')]
CallerId = Annotated[str, Kind(kinds.caller_id, '"+918047491899"')]
DialPrefix = Annotated[str, Kind(kinds.dial_prefix, '"+91"')]
File = Annotated[str, Kind(kinds.path, "ca.pem", names="file")]
RemotePath = Annotated[str, Kind(kinds.remote_path, "/etc/ssl/certs/ca-certificates.crt")]
Folder = Annotated[str, Kind(kinds.path, "traces", names="folder")]
Hop = Annotated[NextHop, Kind(kinds.hop, "hang-up")]
Currency = Annotated[str, Kind(kinds.currency, "INR")]

Ipv4 = Annotated[str, Kind(addresses.ipv4, "10.0.0.5")]
ReachableIpv4 = Annotated[str, Kind(addresses.reachable_ipv4, "10.0.0.5")]
PublicAddress = Annotated[str, Kind(addresses.public_address, "198.51.100.7")]
Proxy = Annotated[str, Kind(addresses.proxy, "127.0.0.1")]
Network = Annotated[IPv4Network | IPv6Network, Kind(addresses.network, "10.8.0.0/16")]
CarrierNetwork = Annotated[IPv4Network | IPv6Network, Kind(addresses.carrier_network, "10.60.2.0/24")]
StreamHost = Annotated[str, Kind(addresses.stream_host, '"voice_bot:8080"')]
Host = Annotated[str, Kind(addresses.host, "sip.example.org")]
HostAndPort = Annotated[str, Kind(addresses.host_and_port, '"0.0.0.0:5060"')]
ClientEndpoint = Annotated[str, Kind(addresses.client_endpoint, '"tcp:10.0.1.5:5038"')]
ServerEndpoint = Annotated[str, Kind(addresses.server_endpoint, '"tcp:8080:interface=127.0.0.1"')]
MetricsEndpoint = Annotated[str, Kind(addresses.metrics_endpoint, '"tcp:9464:interface=127.0.0.1"')]
Cluster = Annotated[str, Kind(addresses.cluster, "redis://127.0.0.1:6379/0")]
SessionStore = Annotated[str, Kind(addresses.session_store, "sqlite:///exoswitch.db")]
BaseUrl = Annotated[str, Kind(addresses.base_url, "https://exoswitch.example.org")]
BotUrl = Annotated[str, Kind(addresses.bot_url, '"wss://bot.example.org/ws"')]
PassthruUrl = Annotated[str, Kind(addresses.passthru_url, '"https://bot.example.org/passthru"')]
Port = Annotated[int, whole(1, 65535)]
PortRange = Annotated[range, Kind(kinds.port_range, "20000-23999")]

Calls = Annotated[int, whole(1, 100_000)]
Processes = Annotated[int, whole(1, 64)]
RequestsPerMinute = Annotated[int, whole(1, 1_000_000)]
Connections = Annotated[int, whole(1, 10_000)]
CallsPerSecond = Annotated[float, decimal(0.1, 1000)]
TrunkOrder = Annotated[int, whole(0, 1000)]
Weight = Annotated[float, decimal(0, 10_000)]
Attempts = Annotated[int, whole(1, 10)]
AttemptSeconds = Annotated[float, decimal(1, 60)]
Money = Annotated[Decimal, Kind(kinds.money, '"0.20"')]
RateSeconds = Annotated[int, whole(1, 3600)]
PulseOf = Annotated[Pulse, Kind(kinds.pulse, '"60"')]
Day = Annotated[dt.date | None, Kind(kinds.day, '"2026-04-01"')]
FreeMinutes = Annotated[int, whole(0, 1_000_000)]
TypicalSeconds = Annotated[int, whole(1, 14_400)]

Rounding = Literal["up", "nearest"]
MediaAddressOf = Literal["announced", "host"]
OnStop = Literal["wait", "hand-over"]
Recorded = Annotated[Literal["false", "true", "dual"], Kind(kinds.recorded, "true")]
RecordedAs = Literal["mp3", "wav"]
Strategy = Literal["order", "weight", "cost"]
FullTone = Literal["congestion", "busy", "none"]
SoundName = Annotated[str, Kind(kinds.sound, "all-circuits-busy-now")]
GatewayCodec = Literal["ulaw", "alaw"]
MediaPlane = Literal["auto", "compiled", "python"]
MediaTick = Literal["auto", "reactor", "thread"]
TrunkCodec = Literal["alaw", "ulaw", "g722", "gsm"]
ChunkMs = Annotated[int, whole(20, 1000, step=20)]
Megabytes = Annotated[int, whole(1, 1_000_000)]
Gigabytes = Annotated[int, whole(1, 1_000_000)]
Days = Annotated[int, whole(1, 36_500)]
JitterMs = Annotated[int, whole(20, 2000, step=20)]
PlayoutSeconds = Annotated[int, whole(1, 3600)]
QuarantineSeconds = Annotated[float, decimal(0, 300)]
StopSeconds = Annotated[float, decimal(0, 14_400)]
RetrySeconds = Annotated[float, decimal(1, 86_400)]
GiveUpHours = Annotated[float, decimal(0.1, 720)]
PassthruSeconds = Annotated[float, decimal(0.1, 60)]
WaitSeconds = Annotated[float, decimal(0.1, 600)]
StreamSeconds = Annotated[float, decimal(0.1, 14_400)]  # Exotel: TimeLimit of a call is at most 14,400 s

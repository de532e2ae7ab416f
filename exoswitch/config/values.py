"""Port: the kinds of value that the model declares its fields with; a type checker sees plain types."""

from typing import Annotated, get_args

from exoswitch.call import stream_options as options
from exoswitch.config import addresses, kinds
from exoswitch.config.kinds import Kind, choice, decimal, whole
from exoswitch.telephony import numbers

Name = Annotated[str, Kind(kinds.name, "a-name")]
Line = Annotated[str, Kind(kinds.line, "some-text")]
UserName = Annotated[str, Kind(kinds.user, "a-user")]
Provider = Annotated[str, Kind(kinds.name, "sip")]
ManagerUser = Annotated[str, Kind(kinds.manager_user, "exoswitch")]
ManagerSecret = Annotated[str, Kind(kinds.manager_secret, '"${NAME}"')]
SecretLine = Annotated[str, Kind(kinds.line, '"${NAME}"')]
PhoneNumber = Annotated[str, Kind(kinds.phone_number, '"+918047491899"')]
YesNo = Annotated[bool, Kind(kinds.yes_no, "true")]
File = Annotated[str, Kind(kinds.path, "ca.pem", names="file")]
Folder = Annotated[str, Kind(kinds.path, "traces", names="folder")]
Currency = Annotated[str, Kind(kinds.currency, "INR")]

Ipv4 = Annotated[str, Kind(addresses.ipv4, "10.0.0.5")]
Host = Annotated[str, Kind(addresses.host, "sip.example.org")]
HostAndPort = Annotated[str, Kind(addresses.host_and_port, '"0.0.0.0:5060"')]
ClientEndpoint = Annotated[str, Kind(addresses.client_endpoint, '"tcp:10.0.1.5:5038"')]
ServerEndpoint = Annotated[str, Kind(addresses.server_endpoint, '"tcp:8080:interface=127.0.0.1"')]
Cluster = Annotated[str, Kind(addresses.cluster, "redis://127.0.0.1:6379/0")]
SessionStore = Annotated[str, Kind(addresses.session_store, "sqlite:///exoswitch.db")]
BotUrl = Annotated[str, Kind(addresses.bot_url, '"wss://bot.example.org/ws"')]
Port = Annotated[int, whole(1, 65535)]
PortRange = Annotated[range, Kind(kinds.port_range, "20000-23999")]

Calls = Annotated[int, whole(1, 100_000)]
CallsPerSecond = Annotated[float, decimal(0.1, 1000)]
Money = Annotated[float, decimal(0, 1_000_000)]
PulseSeconds = Annotated[int, whole(1, 3600)]

OnStop = Annotated[str, choice("wait", "hand-over")]
FullTone = Annotated[str, choice("congestion", "busy", "none")]
SoundName = Annotated[str, Kind(kinds.sound, "all-circuits-busy-now")]
GatewayCodec = Annotated[str, choice("ulaw", "alaw")]
TrunkCodec = Annotated[str, choice("alaw", "ulaw", "g722", "gsm")]
ChunkMs = Annotated[int, whole(20, 1000, step=20)]
NumberStyle = Annotated[numbers.NumberStyle, choice(*get_args(numbers.NumberStyle))]
OutboundFrom = Annotated[options.OutboundFrom, choice(*get_args(options.OutboundFrom))]
FirstTimestamp = Annotated[options.FirstTimestamp, choice(*get_args(options.FirstTimestamp))]
MarksOnClear = Annotated[options.MarksOnClear, choice(*get_args(options.MarksOnClear))]
ClearGranularity = Annotated[options.ClearGranularity, choice(*get_args(options.ClearGranularity))]
CloseAfterStop = Annotated[options.CloseAfterStop, choice(*get_args(options.CloseAfterStop))]
OnStreamLoss = Annotated[options.OnStreamLoss, choice(*get_args(options.OnStreamLoss))]
OnGatewayLoss = Annotated[options.OnGatewayLoss, choice(*get_args(options.OnGatewayLoss))]
ResumedSid = Annotated[options.ResumedSid, choice(*get_args(options.ResumedSid))]
TraceKind = Annotated[options.TraceKind, choice(*get_args(options.TraceKind))]
Megabytes = Annotated[int, whole(1, 1_000_000)]
Days = Annotated[int, whole(1, 36_500)]
JitterMs = Annotated[int, whole(20, 2000, step=20)]
PlayoutSeconds = Annotated[int, whole(1, 3600)]
QuarantineSeconds = Annotated[float, decimal(0, 300)]
StopSeconds = Annotated[float, decimal(0, 14_400)]
WaitSeconds = Annotated[float, decimal(0.1, 600)]
StreamSeconds = Annotated[float, decimal(0.1, 14_400)]  # Exotel: TimeLimit of a call is at most 14,400 s

"""Port: the kinds of value that the settings of SIP trunks are declared with."""

from typing import Annotated, Literal

from exoswitch.config import sip_kinds
from exoswitch.config.kinds import Kind, decimal, whole
from exoswitch.config.sip_kinds import optional
from exoswitch.interfaces.trunk import Transport as Transport  # noqa: PLC0414 - declared beside the port
from exoswitch.telephony.numbers import NumberShape as NumberShape  # noqa: PLC0414 - declared beside its function

SipHost = Annotated[str, Kind(sip_kinds.domain, "sip.example.org")]
Domain = Annotated[str, Kind(optional(sip_kinds.domain), "ims.example.org")]
NextHop = Annotated[str, Kind(optional(sip_kinds.next_hop), "10.60.1.10")]
RequiredNextHop = Annotated[str, Kind(sip_kinds.next_hop, "10.60.1.10")]
User = Annotated[str, Kind(optional(sip_kinds.user), '"+914024001355"')]
LoginName = Annotated[str, Kind(optional(sip_kinds.login), "user@ims.example.org")]
Realm = Annotated[str, Kind(optional(sip_kinds.realm), "ims.example.org")]
Secret = Annotated[str, Kind(sip_kinds.secret, '"${NAME}"')]
TechPrefix = Annotated[str, Kind(optional(sip_kinds.tech_prefix), '"5677777"')]
Label = Annotated[str, Kind(sip_kinds.label, "acme1m")]
Edge = Annotated[str, Kind(sip_kinds.edge, "in4")]
Source = Annotated[str, Kind(sip_kinds.source, "10.60.1.0/24")]
HeaderName = Annotated[str, Kind(sip_kinds.header_name, "X-Trunk-Group")]
HeaderValue = Annotated[str, Kind(sip_kinds.header_value, "a-value")]

Identity = Literal["none", "pai", "ppi", "rpid"]
InboundNumber = Literal["p-called-party-id", "to"]
Dtmf = Literal["auto", "rfc4733", "inband", "info"]
ExpirySeconds = Annotated[int, whole(60, 86_400)]
OptionsSeconds = Annotated[int, whole(1, 3600)]
OptionsTimeout = Annotated[float, decimal(0.1, 60)]

"""Core: the channels of a simulated Asterisk and their AMI events."""

from enum import Enum

from attrs import define, field

from exoswitch.ami.message import AmiMessage

Header = tuple[str, str]


class ChannelState(Enum):
    """The channel states that a simulated call uses (include/asterisk/channelstate.h)."""

    DOWN = ("0", "Down")
    RING = ("4", "Ring")
    RINGING = ("5", "Ringing")
    UP = ("6", "Up")


CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    34: "Circuit/channel congestion",
    38: "Network out of order",
}


def event(name: str, *headers: Header) -> AmiMessage:
    """Make an event."""
    return AmiMessage((("Event", name), *headers))


@define(eq=False)
class Channel:
    """One channel: to a phone, or, as UnicastRTP, to a gateway."""

    name: str
    unique_id: str
    linked_id: str
    caller_id: str = field(repr=False)
    context: str
    extension: str = field(repr=False)
    state: ChannelState = ChannelState.DOWN

    def headers(self, prefix: str = "") -> tuple[Header, ...]:
        """Give the headers of the channel, which each of its events has."""
        number, description = self.state.value
        pairs = (
            ("Channel", self.name),
            ("ChannelState", number),
            ("ChannelStateDesc", description),
            ("CallerIDNum", self.caller_id),
            ("CallerIDName", "<unknown>"),
            ("ConnectedLineNum", "<unknown>"),
            ("ConnectedLineName", "<unknown>"),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.extension),
            ("Priority", "1"),
            ("Uniqueid", self.unique_id),
            ("Linkedid", self.linked_id),
        )
        return tuple((prefix + name, value) for name, value in pairs)

    def event(self, name: str, *headers: Header) -> AmiMessage:
        """Make an event of this channel."""
        return event(name, *self.headers(), *headers)

    def entered(self, state: ChannelState) -> AmiMessage:
        """Change the state, and make its event."""
        self.state = state
        return self.event("Newstate")

    def set_variable(self, name: str, value: str) -> AmiMessage:
        """Make the event of a variable."""
        return self.event("VarSet", ("Variable", name), ("Value", value))

    def dtmf(self, digit: str, duration_ms: int, direction: str) -> tuple[AmiMessage, AmiMessage]:
        """Make the events of a key, pressed and released."""
        what = (("Digit", digit), ("Direction", direction))
        return self.event("DTMFBegin", *what), self.event("DTMFEnd", *what, ("DurationMs", str(duration_ms)))

    def hung_up(self, cause: int, sip_status: int | None = None) -> AmiMessage:
        """Make the event of the hang-up; `sip_status` is that of a refusal."""
        refusal = () if sip_status is None else (("TechCause", str(sip_status)),)
        return self.event("Hangup", ("Cause", str(cause)), ("Cause-txt", CAUSES.get(cause, "Unknown")), *refusal)


def dial_event(name: str, caller: Channel | None, called: Channel, *headers: Header) -> AmiMessage:
    """Make an event of a dial. The dial of an Originate has no calling channel."""
    return event(name, *(caller.headers() if caller else ()), *called.headers("Dest"), *headers)

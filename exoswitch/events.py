"""Core: the vocabulary of a call: what an Asterisk tells us, and what a call asks of the world."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from attrs import field, frozen

from exoswitch.session import CallStatus, Ending

MediaAddress = tuple[str, int]
"""A host and a UDP port."""

# --- What an Asterisk tells us. `channel_id` is the Uniqueid of the channel towards the phone: for an outbound
# --- call it is the call's SID, which we gave as ChannelId; for an inbound one Asterisk chose it.


@frozen
class ChannelDialled:
    """The channel towards the phone exists and its INVITE is on the way."""

    channel_id: str


@frozen
class ChannelRinging:
    """The phone rings."""

    channel_id: str


@frozen
class ChannelAnswered:
    """The phone was answered."""

    channel_id: str


@frozen
class DialFailed:
    """Dialling ended without an answer; `dial_status` is Asterisk's DialStatus, e.g. BUSY, NOANSWER, CHANUNAVAIL."""

    channel_id: str
    dial_status: str


@frozen
class OriginateFailed:
    """An Originate came to nothing; `reason` is the code of OriginateResponse (lossy: see DialFailed first)."""

    channel_id: str
    reason: int


@frozen
class MediaAnnounced:
    """Asterisk said where it sends the call's RTP from, and expects ours.

    `leg` is where it sends it to, which tells a gateway whether this is its own leg: a call that another gateway has
    taken over is announced with that one's. None where Asterisk did not say.
    """

    channel_id: str
    host: str
    port: int
    leg: MediaAddress | None = None


@frozen
class DigitPressed:
    """The person on the phone pressed a key: one of ``0-9 * # A-D``."""

    channel_id: str
    digit: str
    duration_ms: int


@frozen
class ChannelHungUp:
    """The channel towards the phone is gone; `cause` is its Q.850 cause, `text` Asterisk's words for it."""

    channel_id: str
    cause: int
    text: str


@frozen
class ChannelTaken:
    """The channel turned out to be another gateway's by now."""

    channel_id: str


@frozen
class CallArrived:
    """An inbound call waits in the dialplan to be claimed; `callee` is the number that was dialled."""

    channel_id: str
    caller: str = field(repr=False)
    callee: str = field(repr=False)


@frozen
class SwitchReady:
    """We are logged in and Asterisk is fully booted; `channel_ids` are all the channels that are up right now.

    `legs` has, for each channel that is bridged to a gateway, where its RTP is sent to.
    """

    channel_ids: frozenset[str]
    legs: Mapping[str, MediaAddress] = field(default=MappingProxyType({}))


@frozen
class SwitchLost:
    """The link to Asterisk is down; calls in progress go on, since media does not need it."""

    reason: str


ChannelEvent = (
    ChannelDialled
    | ChannelRinging
    | ChannelAnswered
    | DialFailed
    | OriginateFailed
    | MediaAnnounced
    | DigitPressed
    | ChannelHungUp
    | ChannelTaken
)
SwitchEvent = ChannelEvent | CallArrived | SwitchReady | SwitchLost


# --- What a call asks of the world. The engine carries each out and answers with the next input.


class Timer(Enum):
    """The waits of a call, each with its own time-out."""

    RING = "ring"
    HANDSHAKE = "handshake"
    DURATION = "duration"
    RECONNECT = "reconnect"
    HANG_UP = "hang-up"


class StopReason(Enum):
    """Exotel's `stop.reason`: the flow ended the stream, or the person on the phone hung up."""

    STOPPED = "stopped"
    CALL_ENDED = "callended"


@frozen
class Originate:
    """Dial the number on a trunk; Asterisk gives up after `ring_s` seconds."""

    ring_s: float


@frozen
class BridgeCall:
    """Claim the inbound channel and bridge it to our RTP port."""


@frozen
class TakeOverCall:
    """Lead the audio of a call that was another gateway's to our RTP port."""


@frozen
class DirectMedia:
    """Send RTP to this address from now on, and accept it from nowhere else."""

    host: str
    port: int


@frozen
class ConnectStream:
    """Open a WebSocket to the bot; `attempt` counts from 1."""

    attempt: int


@frozen
class StartStream:
    """The bot accepted: send `connected` and `start`, and let the caller's audio flow."""


@frozen
class SendDigit:
    """Tell the bot of a key that was pressed."""

    digit: str
    duration_ms: int


@frozen
class HoldCaller:
    """Drop what the lost bot said and was yet unplayed, and let the caller hear the waiting sound."""


@frozen
class RenewStream:
    """Give the call's stream a SID of its own: the next connection is another stream of the same call."""


@frozen
class DrainPlayout:
    """Play what the bot has said to its end, and hear when that is done."""


@frozen
class CloseStream:
    """End the bot's stream: with a `stop` message first where there is a reason, and drop what is yet unplayed."""

    stop: StopReason | None


@frozen
class HangUp:
    """Hang the channel up with this Q.850 cause, however long it takes to reach Asterisk."""

    cause: int


@frozen
class ReleaseCall:
    """Give back the RTP port and the place on the nodes; nothing of the call is left afterwards."""


@frozen
class StartTimer:
    """Start a wait, or start it anew."""

    timer: Timer
    seconds: float


@frozen
class StopTimer:
    """End a wait; harmless if it is not running."""

    timer: Timer


@frozen
class RecordProgress:
    """Write a new status to the session."""

    status: CallStatus


@frozen
class RecordEnding:
    """Write to the session how the call ended."""

    ending: Ending


Effect = (
    Originate
    | BridgeCall
    | TakeOverCall
    | DirectMedia
    | ConnectStream
    | StartStream
    | SendDigit
    | HoldCaller
    | RenewStream
    | DrainPlayout
    | CloseStream
    | HangUp
    | ReleaseCall
    | StartTimer
    | StopTimer
    | RecordProgress
    | RecordEnding
)

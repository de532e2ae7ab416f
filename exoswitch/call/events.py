"""Core: the vocabulary of a call: what an Asterisk tells us, and what a call asks of the world."""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

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

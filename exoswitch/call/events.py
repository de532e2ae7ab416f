"""Core: what an Asterisk tells of calls.

`channel_id` is the Uniqueid of the channel towards the phone. For an outbound call it is the call's SID, which we
gave as ChannelId; for an inbound call Asterisk chose it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

MediaAddress = tuple[str, int]
"""A host and a UDP port."""


@frozen
class ChannelEvent:
    """An event of the channel of one call."""

    channel_id: str


@frozen
class ChannelDialled(ChannelEvent):
    """The channel towards the phone exists and its INVITE is on the way."""


@frozen
class ChannelRinging(ChannelEvent):
    """The phone rings."""


@frozen
class ChannelAnswered(ChannelEvent):
    """The phone was answered."""


@frozen
class DialFailed(ChannelEvent):
    """Dialling ended without an answer; `dial_status` is Asterisk's DialStatus, e.g. BUSY, NOANSWER, CHANUNAVAIL."""

    dial_status: str


@frozen
class OriginateFailed(ChannelEvent):
    """An Originate failed; `reason` is the code of OriginateResponse, which says less than DialFailed."""

    reason: int


@frozen
class MediaAnnounced(ChannelEvent):
    """Asterisk announced the address from which it sends the call's RTP, and to which it wants ours.

    `leg` is the address to which it sends: a call that another gateway has taken over is announced with that
    gateway's. None if Asterisk did not say.
    """

    host: str
    port: int
    leg: MediaAddress | None = None


@frozen
class DigitPressed(ChannelEvent):
    """The person on the phone pressed a key: one of ``0-9 * # A-D``."""

    digit: str = field(repr=False)
    duration_ms: int


@frozen
class ChannelHungUp(ChannelEvent):
    """The channel towards the phone is gone; `cause` is its Q.850 cause, `text` Asterisk's words for it.

    `sip_status` is the SIP status that ended it. Asterisk makes up a 480 when its own ring time-out ends a call. None
    after an answer, and where Asterisk tells none (before 22.7). `by_peer` tells whether the trunk ended it, or
    its silence; None if this is not known.
    """

    cause: int
    text: str
    sip_status: int | None = None
    by_peer: bool | None = None


@frozen
class ChannelTaken(ChannelEvent):
    """The channel turned out to be another gateway's."""


@frozen
class CallArrived:
    """An inbound call waits in the dialplan to be claimed; `callee` is the number that was dialled.

    `trunk` is the name of the trunk that it came on; empty if Asterisk did not say.
    """

    channel_id: str
    caller: str = field(repr=False)
    callee: str = field(repr=False)
    trunk: str = ""


@frozen
class SwitchReady:
    """We are logged in and Asterisk is fully booted; `channel_ids` are all channels that are up.

    `legs` has the address to which RTP is sent, for each channel that is bridged to a gateway. `answered` are the
    channels that are in the dialplan after the answer of their phone.
    """

    channel_ids: frozenset[str]
    legs: Mapping[str, MediaAddress] = field(default=MappingProxyType({}))
    answered: frozenset[str] = frozenset()


@frozen
class SwitchLost:
    """The link to Asterisk is down; calls in progress go on, because media does not need it."""

    reason: str


@frozen
class TrunkCondition:
    """How one Asterisk sees a trunk now; told after each SwitchReady, and at each change.

    `registered` is None if the trunk does not register. `reachable` is False while Asterisk does not dial it: it does
    not answer OPTIONS, or Asterisk has no such trunk. `rtt_s` is how long its last known answer to OPTIONS took; None
    if there was none.
    """

    trunk: str
    registered: bool | None = None
    reachable: bool | None = None
    rtt_s: float | None = None


SwitchEvent = ChannelEvent | CallArrived | SwitchReady | SwitchLost | TrunkCondition

"""Core: what a call asks of the world: the effects of its machine."""

from enum import Enum

from attrs import field, frozen

from exoswitch.call.session import BotTarget, CallStatus, Ending
from exoswitch.call.verdicts import AttemptEnd, Verdict


class Timer(Enum):
    """The waits of a call, each with its own time-out."""

    TURN = "turn"
    POST_DIAL = "post-dial"
    RING = "ring"
    HANDSHAKE = "handshake"
    DURATION = "duration"
    RECONNECT = "reconnect"
    PASSTHRU = "passthru"
    HANG_UP = "hang-up"


class StopReason(Enum):
    """Exotel's `stop.reason`: the flow ended the stream, or the person on the phone hung up."""

    STOPPED = "stopped"
    CALL_ENDED = "callended"


@frozen
class Effect:
    """A request of a call's machine; the driver of the call carries it out."""


@frozen
class TrunkEffect(Effect):
    """A request about the trunk of an attempt."""


@frozen
class StreamEffect(Effect):
    """A request about the stream to the bot."""


@frozen
class FlowEffect(Effect):
    """A request about what follows a bot's stream."""


@frozen
class FollowStream(FlowEffect):
    """Say what follows the stream that has ended; `ask_passthru`, or what answers `ChooseHop`, answers at once."""


@frozen
class AskPassthru(FlowEffect):
    """Record how the stream ended, and ask the app's passthru; `passthru_answered` answers."""

    ended: Ending


@frozen
class ChooseHop(FlowEffect):
    """Say where the call goes after an answer with this status.

    `next_app`, `dial_second` or `flow_over` answers at once. A `status` of None is no answer.
    """

    status: int | None


@frozen
class EnterApp(FlowEffect):
    """Make this bot the call's, with a stream SID of its own."""

    bot: BotTarget


@frozen
class ChooseTrunk(TrunkEffect):
    """Take a channel of a trunk that can carry the call soon; `trunk_chosen` or `no_trunk` answers."""


@frozen
class TakeTurnAgain(TrunkEffect):
    """Take another turn on the same trunk, because the last one has passed; answered as `ChooseTrunk` is."""


@frozen
class WaitForTurn(TrunkEffect):
    """Start the timer of the trunk's turn, or of the moment before it at which the call is to be claimed.

    `turn_came` or `turn_missed` tells how punctual it was.
    """

    to_claim: bool = False


@frozen
class ClaimCall(TrunkEffect):
    """Record durably that this gateway dials the call; `claimed`, `moved` or `refused` answers."""


@frozen
class Originate(TrunkEffect):
    """Dial the number on the trunk, on a channel of its own; Asterisk gives up after `timeout_s` seconds."""

    timeout_s: float


@frozen
class ReportSign(TrunkEffect):
    """Tell the fleet that the trunk carries calls: the phone rings, or is answered."""


@frozen
class ReportAnswer(TrunkEffect):
    """Tell the fleet that the trunk's call was answered."""


@frozen
class JudgeAttempt(TrunkEffect):
    """Say how long the attempt and the call have taken; `fail_over` or `give_up` answers at once."""


@frozen
class EndAttempt(TrunkEffect):
    """Record how an attempt ended, and tell the fleet what this says of its trunk.

    `how` is the ending of the call, should it end with this attempt. `end` and `verdict` are None if we ended it
    ourselves.
    """

    how: Ending
    end: AttemptEnd | None = None
    verdict: Verdict | None = None


@frozen
class QualifyTrunk(TrunkEffect):
    """Have Asterisk ask the trunk now whether it answers: it does not dial one that it believes to be away."""


@frozen
class BridgeCall(Effect):
    """Claim the inbound channel and bridge it to our RTP port."""


@frozen
class TakeOverCall(Effect):
    """Lead the audio of another gateway's call to our RTP port; that of a call between two phones stays."""


@frozen
class SecondEffect(Effect):
    """A request about the second phone of a call."""


@frozen
class DialSecond(SecondEffect):
    """Have the second phone dialled, unless it was: a call of its own. `second_joined` and `second_over` tell.

    `number` (E.164) is that of a phone which takes a bot's place; None if the session has it.
    """

    number: str | None = field(default=None, repr=False)


@frozen
class HangUpSecond(SecondEffect):
    """End the call of the second phone for this reason; `second_over` tells."""

    reason: str


@frozen
class ReleaseMedia(Effect):
    """Give the RTP port back: Asterisk connects the two phones, and no audio comes here any more."""


@frozen
class DirectMedia(Effect):
    """Send RTP to this address from now on, and accept it from nowhere else."""

    host: str
    port: int


@frozen
class ConnectStream(StreamEffect):
    """Open a WebSocket to the bot."""


@frozen
class StartStream(StreamEffect):
    """Send `connected` and `start` to the bot, and let the caller's audio flow."""


@frozen
class SendDigit(StreamEffect):
    """Tell the bot of a key that was pressed."""

    digit: str = field(repr=False)
    duration_ms: int


@frozen
class HoldCaller(Effect):
    """Drop the bot's audio that is not played yet, and let the caller hear the waiting sound."""


@frozen
class RenewStream(StreamEffect):
    """Give the call a new stream SID: the next connection is another stream of the same call."""


@frozen
class DrainPlayout(Effect):
    """Play the bot's audio to its end; `playout_finished` answers."""


@frozen
class CloseStream(StreamEffect):
    """End the bot's stream, with a `stop` message if there is a reason, and drop audio that is not played yet."""

    stop: StopReason | None


@frozen
class HangUp(Effect):
    """Hang the channel up with this Q.850 cause, however long it takes to reach Asterisk.

    `is_lost` says that the name of a lost gateway may still be on the channel.
    """

    cause: int
    is_lost: bool = False


@frozen
class ReleaseCall(Effect):
    """Give back the RTP port, the trunk's channel and the place; nothing of the call is left.

    `is_elsewhere` says that another gateway has the call now.
    """

    is_elsewhere: bool = False


@frozen
class StartTimer(Effect):
    """Start a timer, or start it again; it ends with the states that own it."""

    timer: Timer
    seconds: float


@frozen
class RecordProgress(Effect):
    """Write a new status to the session."""

    status: CallStatus


@frozen
class RecordEnding(Effect):
    """Write to the session how the call ended."""

    ending: Ending

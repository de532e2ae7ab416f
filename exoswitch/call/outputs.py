"""Core: what each transition of a call's machine does: the effects that it asks for, and what it remembers.

The table of `exoswitch.call.machine` says when. The first argument, the machine's inputs, is never used: inputs come
from outside.
"""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from exoswitch.call import effects as fx
from exoswitch.call import endings
from exoswitch.call.core import CallCore
from exoswitch.call.effects import StopReason, Timer
from exoswitch.call.inputs import CallInputs
from exoswitch.call.session import CallStatus, Ending
from exoswitch.telephony.causes import HangUpCause

RING_GRACE_S = 10.0  # covers a trunk's pacing, and the silence of an Asterisk that should end a dial by itself
HANDSHAKE_GRACE_S = 2.0  # the bot's connection times its own handshakes; our wait only covers its silence
RECONNECT_WAITS_S = (1.0, 2.0, 4.0)  # before each attempt to reach a lost bot
HANG_UP_WAIT_S = 5.0
REASON_WAIT_S = 1.0
TIMED_OUT = 3  # OriginateResponse's Reason when the ring time has passed (Asterisk 22)

P = ParamSpec("P")
Output = Callable[Concatenate[CallInputs, CallCore, P], None]


# --- The three common shapes of an output ------------------------------------------------------------------------


def _asks(*effects: fx.Effect) -> Callable[..., None]:
    """Make an output that asks for these effects; the details of its input do not matter."""

    def output(_: CallInputs, core: CallCore, *_details: object) -> None:
        core.emit(*effects)

    return output


def _finishes(how: Callable[P, Ending], stop: StopReason | None = None) -> Output[P]:
    """Make an output that ends a call whose channel is gone, or never was; `how` takes the details of its input."""

    def output(_: CallInputs, core: CallCore, /, *details: P.args, **named: P.kwargs) -> None:
        _finish(core, how(*details, **named), stop)

    return output


def _clears(how: Callable[P, Ending], stop: StopReason | None = None) -> Output[P]:
    """Make an output that ends a call whose channel is up; `how` takes the details of its input."""

    def output(_: CallInputs, core: CallCore, /, *details: P.args, **named: P.kwargs) -> None:
        _clear(core, how(*details, **named), stop)

    return output


def _finish(core: CallCore, how: Ending, stop: StopReason | None = None) -> None:
    core.emit(fx.CloseStream(stop), fx.RecordEnding(how), fx.ReleaseCall())


def _clear(core: CallCore, how: Ending, stop: StopReason | None = None, *, is_lost: bool = False) -> None:
    """Ask for the hang-up of the channel, and keep the ending until that is confirmed."""
    core.ending = how
    core.emit(*_hang_up(stop, is_lost=is_lost))


def _hang_up(stop: StopReason | None = None, *, is_lost: bool = False) -> tuple[fx.Effect, ...]:
    hang_up = fx.HangUp(HangUpCause.NORMAL_CLEARING, is_lost)
    return fx.CloseStream(stop), hang_up, fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S)


# --- Before Asterisk knows of the call ---------------------------------------------------------------------------

choose_trunk = _asks(fx.ChooseTrunk())
no_trunk = abandon = stop_choosing = _asks(fx.ReleaseCall())  # the dialer is told the reason
claim = _asks(fx.ClaimCall())


def remember_turn(_: CallInputs, core: CallCore, wait_s: float, trunk: str) -> None:
    """Remember the trunk, and when it may dial."""
    core.turn_s, core.trunk = wait_s, trunk


def wait_for_turn(_: CallInputs, core: CallCore) -> None:
    """Wait until the trunk may dial."""
    core.emit(fx.StartTimer(Timer.TURN, core.turn_s))


def originate(_: CallInputs, core: CallCore) -> None:
    """Dial, and wait as long as the phone may ring."""
    ring_s = core.limits.ring_s
    core.emit(fx.Originate(ring_s), fx.StartTimer(Timer.RING, ring_s + RING_GRACE_S))


# --- Beginnings --------------------------------------------------------------------------------------------------

ring = _asks(fx.RecordProgress(CallStatus.RINGING))
connect_again = _asks(fx.ConnectStream())  # as Exotel does, once
start = _asks(fx.StartStream())


def bridge(_: CallInputs, core: CallCore) -> None:
    """Claim the inbound call, and connect to the bot at the same time."""
    core.emit(fx.BridgeCall())
    connect(_, core)


def resume(_: CallInputs, core: CallCore) -> None:
    """Lead the audio of another gateway's call here, and connect to the bot at the same time."""
    _take_over(core)
    connect(_, core)


def adopt_ringing(_: CallInputs, core: CallCore) -> None:
    """Have the audio of a call that another gateway dialled led here once it is answered."""
    _take_over(core)
    core.emit(fx.StartTimer(Timer.RING, core.limits.ring_s + RING_GRACE_S))


def _take_over(core: CallCore) -> None:
    core.is_led_away = True
    core.emit(fx.TakeOverCall())


def connect(_: CallInputs, core: CallCore) -> None:
    """Connect to the bot of a call that was answered; its duration counts from now on."""
    limits = core.limits
    core.emit(
        fx.RecordProgress(CallStatus.IN_PROGRESS),
        fx.StartTimer(Timer.DURATION, limits.left_s),
        fx.StartTimer(Timer.HANDSHAKE, 2 * limits.handshake_s + HANDSHAKE_GRACE_S),
        fx.ConnectStream(),
    )


# --- In between --------------------------------------------------------------------------------------------------


def direct(_: CallInputs, core: CallCore, host: str, port: int) -> None:
    """Send audio to the address that Asterisk announced."""
    core.is_led_away = False
    core.emit(fx.DirectMedia(host, port))


def remember_dial_status(_: CallInputs, core: CallCore, dial_status: str) -> None:
    """Keep Asterisk's dial status for the ending."""
    core.dial_status = dial_status


def send_digit(_: CallInputs, core: CallCore, digit: str, duration_ms: int) -> None:
    """Pass a key on to the bot."""
    core.emit(fx.SendDigit(digit, duration_ms))


# --- A bot that is lost, and a bot that has closed its stream ----------------------------------------------------
# Should a lost bot not come back, the error of the last attempt is reported.


def hold(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """Let the caller wait for a bot that was lost."""
    del code, reason
    core.attempt = 1
    core.losses += 1
    core.emit(fx.HoldCaller(), fx.RenewStream(), fx.StartTimer(Timer.RECONNECT, RECONNECT_WAITS_S[0]))


def reconnect(_: CallInputs, core: CallCore) -> None:
    """Connect to the lost bot again."""
    core.emit(fx.StartTimer(Timer.HANDSHAKE, core.limits.handshake_s + HANDSHAKE_GRACE_S), fx.ConnectStream())


def wait_longer(_: CallInputs, core: CallCore, error: str) -> None:
    """Wait longer for a bot that is still lost."""
    del error
    core.attempt += 1
    core.emit(fx.StartTimer(Timer.RECONNECT, RECONNECT_WAITS_S[core.attempt - 1]))


def drain(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """Let the caller hear the rest of what the bot said, however the call then ends."""
    core.ending = endings.bot_closed(code, reason)
    core.emit(fx.DrainPlayout())


goodbye_over = _asks(*_hang_up())

# --- Endings -----------------------------------------------------------------------------------------------------

refuse = _finishes(endings.not_placed)
cancel_undialled = _finishes(endings.canceled)
abandoned = _finishes(endings.caller_gave_up)
caller_hung_up = _finishes(endings.caller_hung_up, StopReason.CALL_ENDED)

cancel = _clears(endings.canceled)
bot_unreachable = _clears(endings.bot_unreachable)
bot_closed = _clears(endings.bot_closed)
bot_lost = _clears(endings.bot_lost)
media_lost = _clears(endings.media_lost, StopReason.STOPPED)
hang_up = _clears(endings.stopped, StopReason.STOPPED)

# Another gateway has the call: it goes on there, and its ending is written there.
let_go = _asks(fx.CloseStream(None), fx.ReleaseCall(is_elsewhere=True))

# The reason of a failed Originate says little: a channel, if there is one, says why when it hangs up.
await_channel = _asks(fx.QualifyTrunk(), fx.StartTimer(Timer.HANG_UP, REASON_WAIT_S))
await_cause = _asks(fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def await_cause_of_silence(_: CallInputs, core: CallCore, reason: int) -> None:
    """Wait for the hang-up of a channel that never rang; the trunk may have said nothing at all."""
    if reason == TIMED_OUT:
        core.ending = endings.silent_trunk(core.trunk)
        core.emit(fx.QualifyTrunk())
    await_cause(_, core)


def rejected_ringing(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that Asterisk would not dial, or whose ringing phone it would not lead here."""
    # The Originate may have arrived although its answer did not.
    core.emit(fx.HangUp(HangUpCause.NORMAL_CLEARING, core.is_led_away))
    _finish(core, endings.refused_by_asterisk(reason))


def rejected_answered(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that Asterisk would not bridge, or would not lead here."""
    _clear(core, endings.refused_by_asterisk(reason), is_lost=core.is_led_away)


def unanswered(_: CallInputs, core: CallCore, cause: int) -> None:
    """End a call that was not answered, by the cause of its hang-up."""
    _finish(core, endings.unanswered(core.dial_status, cause))


def await_reason(_: CallInputs, core: CallCore, cause: int) -> None:
    """Wait for what the Originate's answer says of a channel that is gone."""
    core.cause = cause
    core.emit(fx.StartTimer(Timer.HANG_UP, REASON_WAIT_S))


def reason_came(_: CallInputs, core: CallCore, reason: int) -> None:
    """End a call whose channel is gone, by the Originate's answer."""
    if reason == TIMED_OUT:
        core.emit(fx.QualifyTrunk())
        _finish(core, endings.silent_trunk(core.trunk))
    else:
        reason_missing(_, core)


def reason_missing(_: CallInputs, core: CallCore) -> None:
    """End a call whose channel is gone, by what is known."""
    unanswered(_, core, core.cause)


def ring_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call of which Asterisk says neither good nor bad."""
    _clear(core, endings.rang_too_long(core.limits.ring_s + RING_GRACE_S))


def handshake_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call whose bot neither came nor failed."""
    _clear(core, endings.bot_unreachable(f"no handshake within {core.limits.handshake_s:g} s, twice"))


def reconnect_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call whose lost bot neither came back nor failed."""
    _clear(core, endings.bot_lost(f"no handshake within {core.limits.handshake_s:g} s"))


def too_long(_: CallInputs, core: CallCore) -> None:
    """End a call that is as long as it may be."""
    _clear(core, endings.too_long(core.limits.max_duration_s), StopReason.STOPPED)


def confirmed(_: CallInputs, core: CallCore, cause: int) -> None:
    """Finish a call whose hang-up Asterisk has confirmed."""
    _finish(core, core.ending or endings.unanswered(core.dial_status, cause))


def unconfirmed(_: CallInputs, core: CallCore) -> None:
    """Finish a call of whose channel nothing is heard."""
    _finish(core, core.ending or endings.dead_trunk(core.trunk, core.dial_status))

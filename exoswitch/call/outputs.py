"""Core: what each transition of a call's machine does: the effects that it asks for, and what it remembers.

The table of `exoswitch.call.machine` says when. The first argument, the machine's inputs, is never used: inputs come
from outside.
"""

from exoswitch.call import endings
from exoswitch.call.core import CallCore
from exoswitch.call.effects import (
    BridgeCall,
    ChooseTrunk,
    ClaimCall,
    CloseStream,
    ConnectStream,
    DirectMedia,
    DrainPlayout,
    HangUp,
    HoldCaller,
    Originate,
    RecordEnding,
    RecordProgress,
    ReleaseCall,
    RenewStream,
    SendDigit,
    StartStream,
    StartTimer,
    StopReason,
    TakeOverCall,
    Timer,
)
from exoswitch.call.inputs import CallInputs
from exoswitch.call.session import CallStatus, Ending
from exoswitch.telephony.causes import HangUpCause

RING_GRACE_S = 10.0  # covers a trunk's pacing, and the silence of an Asterisk that should end a dial by itself
HANDSHAKE_GRACE_S = 2.0  # the bot's connection times its own handshakes; our wait only covers its silence
RECONNECT_WAITS_S = (1.0, 2.0, 4.0)  # before each attempt to reach a lost bot
HANG_UP_WAIT_S = 5.0
REASON_WAIT_S = 1.0
TIMED_OUT = 3  # OriginateResponse's Reason when the ring time has passed (Asterisk 22)


# --- Before Asterisk knows of the call ---------------------------------------------------------------------------


def choose_trunk(_: CallInputs, core: CallCore) -> None:
    """Ask for a trunk with a free channel."""
    core.emit(ChooseTrunk())


def remember_turn(_: CallInputs, core: CallCore, wait_s: float) -> None:
    """Remember when the trunk may dial."""
    core.turn_s = wait_s


def no_trunk(_: CallInputs, core: CallCore, reason: str) -> None:
    """Release a call that no trunk can carry; the request for it is answered with the reason."""
    del reason
    core.emit(ReleaseCall())


def abandon(_: CallInputs, core: CallCore) -> None:
    """Release a call that was never accepted."""
    core.emit(ReleaseCall())


def wait_for_turn(_: CallInputs, core: CallCore) -> None:
    """Wait until the trunk may dial."""
    core.emit(StartTimer(Timer.TURN, core.turn_s))


def claim(_: CallInputs, core: CallCore) -> None:
    """Make sure that no other gateway dials this call, now or later."""
    core.emit(ClaimCall())


def originate(_: CallInputs, core: CallCore) -> None:
    """Dial, and wait as long as the phone may ring."""
    ring_s = core.limits.ring_s
    core.emit(Originate(ring_s), StartTimer(Timer.RING, ring_s + RING_GRACE_S))


# --- Beginnings --------------------------------------------------------------------------------------------------


def bridge(_: CallInputs, core: CallCore) -> None:
    """Claim the inbound call, and connect to the bot at the same time."""
    core.emit(BridgeCall())
    connect(_, core)


def resume(_: CallInputs, core: CallCore) -> None:
    """Lead the audio of another gateway's call here, and connect to the bot at the same time."""
    _take_over(core)
    connect(_, core)


def adopt_ringing(_: CallInputs, core: CallCore) -> None:
    """Have the audio of a call that another gateway dialled led here once it is answered."""
    _take_over(core)
    core.emit(StartTimer(Timer.RING, core.limits.ring_s + RING_GRACE_S))


def _take_over(core: CallCore) -> None:
    core.is_led_away = True
    core.emit(TakeOverCall())


def ring(_: CallInputs, core: CallCore) -> None:
    """Record that the phone rings."""
    core.emit(RecordProgress(CallStatus.RINGING))


def connect(_: CallInputs, core: CallCore) -> None:
    """Connect to the bot of a call that was answered; its duration counts from now on."""
    limits = core.limits
    core.emit(
        RecordProgress(CallStatus.IN_PROGRESS),
        StartTimer(Timer.DURATION, limits.left_s),
        StartTimer(Timer.HANDSHAKE, 2 * limits.handshake_s + HANDSHAKE_GRACE_S),
        ConnectStream(),
    )


def connect_again(_: CallInputs, core: CallCore, error: str) -> None:
    """Connect to the bot a second time, as Exotel does."""
    del error  # The second attempt's error is the one that is reported.
    core.emit(ConnectStream())


def start(_: CallInputs, core: CallCore) -> None:
    """Begin the stream of a bot that accepted the handshake."""
    core.emit(StartStream())


# --- In between -------------------------------------------------------------------------------------------------


def direct(_: CallInputs, core: CallCore, host: str, port: int) -> None:
    """Send audio to the address that Asterisk announced."""
    core.is_led_away = False
    core.emit(DirectMedia(host, port))


def remember_dial_status(_: CallInputs, core: CallCore, dial_status: str) -> None:
    """Keep Asterisk's dial status for the ending."""
    core.dial_status = dial_status


def send_digit(_: CallInputs, core: CallCore, digit: str, duration_ms: int) -> None:
    """Pass a key on to the bot."""
    core.emit(SendDigit(digit, duration_ms))


# --- A bot that is lost, and one that has said goodbye ------------------------------------------------------------


def hold(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """Let the caller wait for a bot that was lost."""
    del code, reason  # Should the bot not come back, the last attempt's error is the one that is reported.
    core.attempt = 1
    core.losses += 1
    core.emit(HoldCaller(), RenewStream(), StartTimer(Timer.RECONNECT, RECONNECT_WAITS_S[0]))


def reconnect(_: CallInputs, core: CallCore) -> None:
    """Connect to the lost bot again."""
    core.emit(StartTimer(Timer.HANDSHAKE, core.limits.handshake_s + HANDSHAKE_GRACE_S), ConnectStream())


def wait_longer(_: CallInputs, core: CallCore, error: str) -> None:
    """Wait longer for a bot that is still lost."""
    del error  # As above.
    core.attempt += 1
    core.emit(StartTimer(Timer.RECONNECT, RECONNECT_WAITS_S[core.attempt - 1]))


def drain(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """Let the caller hear the rest of what the bot said, however the call then ends."""
    core.ending = endings.bot_closed(code, reason)
    core.emit(DrainPlayout())


# --- Endings ----------------------------------------------------------------------------------------------------


def _finish(core: CallCore, how: Ending, stop: StopReason | None = None) -> None:
    """End a call whose channel is gone, or never was."""
    core.emit(CloseStream(stop), RecordEnding(how), ReleaseCall())


def _clear(core: CallCore, how: Ending, stop: StopReason | None = None, *, is_lost: bool = False) -> None:
    """End a call whose channel is up: ask for its hang-up, and keep the ending until that is confirmed."""
    core.ending = how
    _ask_for_hang_up(core, stop, is_lost=is_lost)


def _ask_for_hang_up(core: CallCore, stop: StopReason | None = None, *, is_lost: bool = False) -> None:
    core.emit(
        CloseStream(stop),
        HangUp(HangUpCause.NORMAL_CLEARING, is_lost),
        StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S),
    )


def refuse(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that was never dialled."""
    _finish(core, endings.not_placed(reason))


def let_go(_: CallInputs, core: CallCore) -> None:
    """Leave a call to the gateway that has it now: it goes on there, and what becomes of it is written there."""
    core.emit(CloseStream(None), ReleaseCall(is_elsewhere=True))


def rejected_ringing(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that Asterisk would not dial, or whose ringing phone it would not lead here."""
    # The Originate may have arrived although its answer did not.
    core.emit(HangUp(HangUpCause.NORMAL_CLEARING, core.is_led_away))
    _finish(core, endings.refused_by_asterisk(reason))


def rejected_answered(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that Asterisk would not bridge, or would not lead here."""
    _clear(core, endings.refused_by_asterisk(reason), is_lost=core.is_led_away)


def await_channel(_: CallInputs, core: CallCore, reason: int) -> None:
    """Wait a moment for a channel that would say why the dial failed."""
    del reason  # Lossy; and the channel, if there was one, may be heard of only now.
    core.emit(StartTimer(Timer.HANG_UP, REASON_WAIT_S))


def await_cause(_: CallInputs, core: CallCore, reason: int) -> None:
    """Wait for the hang-up of the channel."""
    del reason  # The hang-up of the channel, which exists, will say why.
    core.emit(StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def await_cause_of_silence(_: CallInputs, core: CallCore, reason: int) -> None:
    """Wait for the hang-up of a channel that never rang; the trunk may have said nothing at all."""
    if reason == TIMED_OUT:
        core.ending = endings.silent_trunk()
    await_cause(_, core, reason)


def unanswered(_: CallInputs, core: CallCore, cause: int) -> None:
    """End a call that was not answered, by the cause of its hang-up."""
    _finish(core, endings.unanswered(core.dial_status, cause))


def await_reason(_: CallInputs, core: CallCore, cause: int) -> None:
    """Wait for what the Originate's answer says of a channel that is gone."""
    core.cause = cause
    core.emit(StartTimer(Timer.HANG_UP, REASON_WAIT_S))


def reason_came(_: CallInputs, core: CallCore, reason: int) -> None:
    """End a call whose channel is gone, by the Originate's answer."""
    if reason == TIMED_OUT:
        _finish(core, endings.silent_trunk())
    else:
        reason_missing(_, core)


def reason_missing(_: CallInputs, core: CallCore) -> None:
    """End a call whose channel is gone, by what is known."""
    _finish(core, endings.unanswered(core.dial_status, core.cause))


def ring_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call of which Asterisk says neither good nor bad."""
    _clear(core, endings.rang_too_long(core.limits.ring_s + RING_GRACE_S))


def abandoned(_: CallInputs, core: CallCore, cause: int) -> None:
    """End a call whose caller did not wait for the bot."""
    _finish(core, endings.caller_hung_up(cause, met_the_bot=False))


def bot_unreachable(_: CallInputs, core: CallCore, error: str) -> None:
    """End a call whose bot was tried twice."""
    _clear(core, endings.bot_unreachable(error))


def handshake_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call whose bot neither came nor failed."""
    _clear(core, endings.bot_unreachable(f"no handshake within {core.limits.handshake_s:g} s, twice"))


def bot_closed(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """End a call whose bot closed its stream."""
    _clear(core, endings.bot_closed(code, reason))


def bot_lost(_: CallInputs, core: CallCore, error: str) -> None:
    """End a call whose bot did not come back."""
    _clear(core, endings.bot_lost(error))


def reconnect_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call whose lost bot neither came back nor failed."""
    _clear(core, endings.bot_lost(f"no handshake within {core.limits.handshake_s:g} s"))


def goodbye_over(_: CallInputs, core: CallCore, *_why: object, **_named: object) -> None:
    """End a call whose bot had closed its stream, now that the rest was heard, or cannot be."""
    _ask_for_hang_up(core)


def caller_hung_up(_: CallInputs, core: CallCore, cause: int) -> None:
    """End a call by its caller's will."""
    _finish(core, endings.caller_hung_up(cause, met_the_bot=True), StopReason.CALL_ENDED)


def media_lost(_: CallInputs, core: CallCore, silent_s: float) -> None:
    """End a call in which nobody can be talking."""
    _clear(core, endings.media_lost(silent_s), StopReason.STOPPED)


def too_long(_: CallInputs, core: CallCore) -> None:
    """End a call that is as long as it may be."""
    _clear(core, endings.too_long(core.limits.max_duration_s), StopReason.STOPPED)


def cancel_undialled(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that was not dialled yet, because this gateway ends it."""
    _finish(core, endings.ended_by_us(reason, answered=False))


def cancel(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that was not answered, by our own will."""
    _clear(core, endings.ended_by_us(reason, answered=False))


def hang_up(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that was answered, by our own will."""
    _clear(core, endings.ended_by_us(reason, answered=True), StopReason.STOPPED)


def confirmed(_: CallInputs, core: CallCore, cause: int) -> None:
    """Finish a call whose hang-up Asterisk has confirmed."""
    _finish(core, core.ending or endings.unanswered(core.dial_status, cause))


def unconfirmed(_: CallInputs, core: CallCore) -> None:
    """Finish a call of whose channel nothing is heard."""
    _finish(core, core.ending or endings.dead_trunk(core.dial_status))

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

RING_GRACE_S = 10.0  # the silence of an Asterisk that should end a dial by itself
HANDSHAKE_GRACE_S = 2.0  # the bot's connection times its own handshakes; our wait only covers its silence
RECONNECT_WAITS_S = (1.0, 2.0, 4.0)  # before each attempt to reach a lost bot
HANG_UP_WAIT_S = 5.0

P = ParamSpec("P")
Output = Callable[Concatenate[CallInputs, CallCore, P], None]


# --- The common shapes of an output ------------------------------------------------------------------------------


def asks(*effects: fx.Effect) -> Callable[..., None]:
    """Make an output that asks for these effects; the details of its input do not matter."""

    def output(_: CallInputs, core: CallCore, *_details: object) -> None:
        core.emit(*effects)

    return output


def finishes(how: Callable[P, Ending], stop: StopReason | None = None) -> Output[P]:
    """Make an output that ends a call whose channel is gone, or never was; `how` takes the details of its input."""

    def output(_: CallInputs, core: CallCore, /, *details: P.args, **named: P.kwargs) -> None:
        finish(core, how(*details, **named), stop)

    return output


def clears(how: Callable[P, Ending], stop: StopReason | None = None) -> Output[P]:
    """Make an output that ends a call whose channel is up; `how` takes the details of its input."""

    def output(_: CallInputs, core: CallCore, /, *details: P.args, **named: P.kwargs) -> None:
        clear(core, how(*details, **named), stop)

    return output


def leaves(how: Callable[P, Ending]) -> Output[P]:
    """Make an output that ends a stream, but not yet the call; `how` takes the details of its input."""

    def output(_: CallInputs, core: CallCore, /, *details: P.args, **named: P.kwargs) -> None:
        leave(core, how(*details, **named))

    return output


def finish(core: CallCore, how: Ending, stop: StopReason | None = None) -> None:
    """Record the ending of a call whose channel is gone, and release all that it has."""
    core.emit(fx.CloseStream(stop), fx.RecordEnding(how), fx.ReleaseCall())


def clear(core: CallCore, how: Ending, stop: StopReason | None = None, *, is_lost: bool = False) -> None:
    """Ask for the hang-up of the channel, and keep the ending until that is confirmed."""
    core.ending = how
    core.emit(*_hang_up(stop, is_lost=is_lost))


def leave(core: CallCore, how: Ending) -> None:
    """Keep how the stream ended, and find out what follows it; the caller is still there."""
    core.ending = how
    core.emit(fx.FollowStream())


def _hang_up(stop: StopReason | None = None, *, is_lost: bool = False) -> tuple[fx.Effect, ...]:
    hang_up = fx.HangUp(HangUpCause.NORMAL_CLEARING, is_lost)
    return fx.CloseStream(stop), hang_up, fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S)


# --- Beginnings --------------------------------------------------------------------------------------------------

connect_again = asks(fx.ConnectStream())  # as Exotel does, once
start = asks(fx.StartStream())


def bridge(_: CallInputs, core: CallCore) -> None:
    """Claim the inbound call, and connect to the bot at the same time."""
    core.emit(fx.BridgeCall())
    connect(_, core)


def resume(_: CallInputs, core: CallCore) -> None:
    """Lead the audio of another gateway's call here, and connect to the bot at the same time."""
    take_over(core)
    connect(_, core)


def adopt_ringing(_: CallInputs, core: CallCore) -> None:
    """Have the audio of a call that another gateway dialled led here once it is answered."""
    take_over(core)
    core.dialled.has_rung = True  # It may have; so no other trunk rings it.
    core.emit(fx.StartTimer(Timer.RING, core.limits.ring_s + RING_GRACE_S))


def take_over(core: CallCore) -> None:
    """Lead the audio of another gateway's call here."""
    core.is_led_away = True
    core.emit(fx.TakeOverCall())


def connect(_: CallInputs, core: CallCore) -> None:
    """Connect to the bot of a call that was answered; its duration counts from now on."""
    core.emit(fx.RecordProgress(CallStatus.IN_PROGRESS), fx.StartTimer(Timer.DURATION, core.limits.left_s))
    connect_stream(core)


def connect_stream(core: CallCore) -> None:
    """Connect to the bot; it may need two handshakes."""
    wait_s = 2 * core.limits.handshake_s + HANDSHAKE_GRACE_S
    core.emit(fx.StartTimer(Timer.HANDSHAKE, wait_s), fx.ConnectStream())


# --- In between --------------------------------------------------------------------------------------------------


def direct(_: CallInputs, core: CallCore, host: str, port: int) -> None:
    """Send audio to the address that Asterisk announced."""
    core.is_led_away = False
    core.emit(fx.DirectMedia(host, port))


def send_digit(_: CallInputs, core: CallCore, digit: str, duration_ms: int) -> None:
    """Pass a key on to the bot."""
    core.emit(fx.SendDigit(digit, duration_ms))


# --- A bot that is lost, and a bot that has closed its stream ----------------------------------------------------
# Should a lost bot not come back, the error of the last attempt is reported.


def hold(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """Let the caller wait for a bot that was lost."""
    del code, reason
    core.reconnects = 1
    core.losses += 1
    core.emit(fx.HoldCaller(), fx.RenewStream(), fx.StartTimer(Timer.RECONNECT, RECONNECT_WAITS_S[0]))


def reconnect(_: CallInputs, core: CallCore) -> None:
    """Connect to the lost bot again."""
    core.emit(fx.StartTimer(Timer.HANDSHAKE, core.limits.handshake_s + HANDSHAKE_GRACE_S), fx.ConnectStream())


def wait_longer(_: CallInputs, core: CallCore, error: str) -> None:
    """Wait longer for a bot that is still lost."""
    del error
    core.reconnects += 1
    core.emit(fx.StartTimer(Timer.RECONNECT, RECONNECT_WAITS_S[core.reconnects - 1]))


def drain(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    """Let the caller hear the rest of what the bot said, however the call then goes on."""
    core.ending = endings.bot_closed(code, reason)
    core.emit(fx.DrainPlayout())


goodbye_over = asks(fx.FollowStream())


def hang_up_kept(_: CallInputs, core: CallCore, *_details: object, **_named: object) -> None:
    """Hang up a call that ends as its stream did, whatever happens."""
    core.emit(*_hang_up(is_lost=core.is_led_away))


# --- Endings -----------------------------------------------------------------------------------------------------

bot_unreachable = leaves(endings.bot_unreachable)
bot_closed = leaves(endings.bot_closed)
bot_lost = leaves(endings.bot_lost)
media_lost = clears(endings.media_lost, StopReason.STOPPED)
hang_up = clears(endings.stopped, StopReason.STOPPED)
hang_up_phone = clears(endings.stopped_phones)

# Another gateway has the call: it goes on there, and its ending is written there.
let_go = asks(fx.CloseStream(None), fx.ReleaseCall(is_elsewhere=True))


def abandoned(_: CallInputs, core: CallCore, cause: int, *_refusal: object) -> None:
    """End a call whose person hung up before the bot was there."""
    finish(core, endings.caller_gave_up(cause))


def caller_hung_up(_: CallInputs, core: CallCore, cause: int, *_refusal: object) -> None:
    """End a call whose person hung up."""
    finish(core, endings.caller_hung_up(cause), StopReason.CALL_ENDED)


def rejected_answered(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that Asterisk would not bridge, or would not lead here."""
    clear(core, endings.refused_by_asterisk(reason), is_lost=core.is_led_away)


def handshake_timed_out(_: CallInputs, core: CallCore) -> None:
    """Leave a bot that neither came nor failed."""
    leave(core, endings.bot_unreachable(f"no handshake within {core.limits.handshake_s:g} s, twice"))


def reconnect_timed_out(_: CallInputs, core: CallCore) -> None:
    """Leave a lost bot that neither came back nor failed."""
    leave(core, endings.bot_lost(f"no handshake within {core.limits.handshake_s:g} s"))


def too_long(_: CallInputs, core: CallCore) -> None:
    """End a call that is as long as it may be."""
    clear(core, endings.too_long(core.limits.max_duration_s), StopReason.STOPPED)


def phone_too_long(_: CallInputs, core: CallCore) -> None:
    """End the second phone of a call that is as long as it may be."""
    clear(core, endings.phones_too_long(core.limits.max_duration_s))


def confirmed(_: CallInputs, core: CallCore, *_hang_up: object) -> None:
    """Finish a call whose hang-up Asterisk has confirmed, or has not confirmed in time."""
    if core.ending is None:
        raise LookupError("a call that is being hung up has no ending")
    finish(core, core.ending)

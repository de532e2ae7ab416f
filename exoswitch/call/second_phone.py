"""Core: what the transitions of a call between two phones do.

The first phone is a call; it waits while the second one, a call of its own, is dialled. Asterisk connects the two as
soon as the second one is answered, and ends both when either hangs up: neither needs its gateway for that. The first
call is over after the second one, so that its last record tells of both. The table of `exoswitch.call.machine` says
when.
"""

from attrs import evolve

from exoswitch.call import effects as fx
from exoswitch.call import endings, outputs
from exoswitch.call.core import CallCore
from exoswitch.call.dialling import answered_by_phone
from exoswitch.call.effects import Timer
from exoswitch.call.inputs import CallInputs
from exoswitch.call.outputs import HANG_UP_WAIT_S, asks
from exoswitch.call.session import CallStatus, Ending
from exoswitch.telephony.causes import HangUpCause

SECOND_WAIT_S = HANG_UP_WAIT_S + 1.0  # the call of the second phone itself waits for Asterisk as long as any call

# --- The first phone ---------------------------------------------------------------------------------------------


def first_answered(_: CallInputs, core: CallCore) -> None:
    """Let the first phone wait, and dial the second one; the duration of the call counts from now on."""
    answered_by_phone(core)
    _begin(core)
    core.emit(fx.HoldCaller(), fx.DialSecond())


def dial_second(_: CallInputs, core: CallCore, number: str) -> None:
    """Let the person wait who talked to a bot, and dial the second phone; the duration of the call goes on."""
    core.emit(fx.CloseStream(None), fx.HoldCaller(), fx.DialSecond(number))


def resume_first(_: CallInputs, core: CallCore) -> None:
    """Go on with the first phone of another gateway's call; its audio stays where Asterisk leads it."""
    core.emit(fx.TakeOverCall())
    _begin(core)
    core.emit(fx.DialSecond())


connected = asks(fx.ReleaseMedia())


def not_connected(_: CallInputs, core: CallCore, how: Ending) -> None:
    """End a call whose second phone was not reached."""
    _end_first(core, endings.second_not_reached(how))


def second_hung_up(_: CallInputs, core: CallCore, how: Ending) -> None:
    """End a call whose second phone is gone."""
    _end_first(core, how)


def first_gave_up(
    _: CallInputs, core: CallCore, cause: int, _sip: int | None = None, _by_peer: bool | None = None, /
) -> None:
    """End a call whose first phone hung up before the second one was answered."""
    core.ending = _of_call(core, endings.first_gave_up(cause))
    core.emit(fx.CloseStream(None), fx.HangUpSecond("the first phone hung up"))
    _await_second(core)


def first_gone(
    _: CallInputs, core: CallCore, cause: int, _sip: int | None = None, by_peer: bool | None = None, /
) -> None:
    """Wait for the second phone's end, after the first one's: Asterisk ends both, whichever hung up."""
    core.ending = _of_call(core, endings.phone_hung_up(cause, "first" if by_peer else "second"))
    _await_second(core)


def hang_up(_: CallInputs, core: CallCore, reason: str) -> None:
    """End both phones, by request or because this gateway stops."""
    _end_both(core, endings.stopped_phones(reason))


def too_long(_: CallInputs, core: CallCore) -> None:
    """End both phones of a call that is as long as it may be."""
    _end_both(core, endings.phones_too_long(core.limits.max_duration_s))


def refused(_: CallInputs, core: CallCore, reason: str) -> None:
    """End both phones of a call that Asterisk would not let us take over."""
    _end_both(core, endings.refused_by_asterisk(reason))


def await_second(_: CallInputs, core: CallCore, *_hang_up: object) -> None:
    """Wait for the second phone's end: the first one is gone."""
    _await_second(core)


def await_first(_: CallInputs, core: CallCore, how: Ending) -> None:
    """Wait for the first phone's end: the second one is gone."""
    del how
    core.emit(fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def over(_: CallInputs, core: CallCore, how: Ending) -> None:
    """Finish a call both of whose phones are gone."""
    del how
    outputs.confirmed(_, core)


# --- The second phone --------------------------------------------------------------------------------------------


def second_answered(_: CallInputs, core: CallCore) -> None:
    """Count the talk of the two from now on."""
    answered_by_phone(core)
    _begin(core)


def resume_second(_: CallInputs, core: CallCore) -> None:
    """Go on with the second phone of another gateway's call."""
    core.emit(fx.TakeOverCall())
    _begin(core)


def second_gone(
    _: CallInputs, core: CallCore, cause: int, _sip: int | None = None, by_peer: bool | None = None, /
) -> None:
    """End the call of a second phone that was answered."""
    how = endings.phone_hung_up(cause, "second" if by_peer else "other")
    core.emit(fx.CloseStream(None), fx.RecordEnding(how), fx.ReleaseCall())


# --- Common parts ------------------------------------------------------------------------------------------------


def _begin(core: CallCore) -> None:
    core.emit(fx.RecordProgress(CallStatus.IN_PROGRESS), fx.StartTimer(Timer.DURATION, core.limits.left_s))


def _end_first(core: CallCore, how: Ending) -> None:
    core.ending = _of_call(core, how)
    core.emit(fx.CloseStream(None), fx.HangUp(HangUpCause.NORMAL_CLEARING))
    core.emit(fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def _end_both(core: CallCore, how: Ending) -> None:
    core.ending = _of_call(core, how)
    core.emit(fx.CloseStream(None), fx.HangUp(HangUpCause.NORMAL_CLEARING), fx.HangUpSecond(how.reason))
    _await_second(core)


def _await_second(core: CallCore) -> None:
    core.emit(fx.StartTimer(Timer.HANG_UP, SECOND_WAIT_S))


def _of_call(core: CallCore, how: Ending) -> Ending:
    """Keep how the stream of a bot ended that the person talked to before."""
    if core.ending is None:
        return how
    return evolve(core.ending, status=how.status, reason=how.reason, cause=how.cause)

"""Core: what follows a bot's stream while the caller is still there: a passthru, the next app, or the call's end.

First what an answer means, then what the transitions of a call do. The table of `exoswitch.call.machine` says when.
"""

from collections.abc import Callable

from attrs import evolve

from exoswitch.call import effects as fx
from exoswitch.call.core import CallCore
from exoswitch.call.effects import Timer
from exoswitch.call.inputs import CallInputs
from exoswitch.call.outputs import connect_stream, hang_up_kept, take_over
from exoswitch.call.passthru import HANG_UP, MOST_HOPS
from exoswitch.call.session import BotTarget

PASSTHRU_GRACE_S = 0.5  # the request times itself; our wait only covers its silence

FindApp = Callable[[str], BotTarget | None]
"""Gives the bot of an app of the call's account, as it is configured now; None if there is no such app."""


# --- What follows ------------------------------------------------------------------------------------------------


def apply_stream_end(inputs: CallInputs, core: CallCore, find_app: FindApp) -> None:
    """Feed what follows the stream that has ended."""
    if core.passthru is None or core.passthru.is_async:
        apply_passthru_answer(inputs, core, None, find_app)
    else:
        inputs.ask_passthru()


def apply_passthru_answer(inputs: CallInputs, core: CallCore, status: int | None, find_app: FindApp) -> None:
    """Feed where the call goes after an answer with this status; None is no answer."""
    hop = HANG_UP if core.passthru is None else core.passthru.next_hop(status)
    if hop == HANG_UP:
        inputs.flow_over()
    elif core.hops >= MOST_HOPS:
        inputs.flow_over(f"it may go on to {MOST_HOPS} apps, and no further")
    elif hop.number is not None:
        inputs.dial_second(hop.number)
    else:
        bot = find_app(hop.app or "")
        if bot is None:
            inputs.flow_over(f"its next app, {hop.app}, is no longer configured")
        else:
            inputs.next_app(bot)


# --- What the transitions do -------------------------------------------------------------------------------------


def ask_passthru(_: CallInputs, core: CallCore) -> None:
    """Let the caller wait, and ask where the call goes on."""
    if core.passthru is None or core.ending is None:
        raise LookupError("a call that asks a passthru has none, or its stream has not ended")
    _let_wait(core)
    wait_s = core.passthru.timeout_s + PASSTHRU_GRACE_S
    core.emit(fx.AskPassthru(core.ending), fx.StartTimer(Timer.PASSTHRU, wait_s))


def resume(_: CallInputs, core: CallCore) -> None:
    """Lead the audio of another gateway's call here, and find out again what follows its stream."""
    take_over(core)
    core.emit(fx.StartTimer(Timer.DURATION, core.limits.left_s), fx.FollowStream())


def choose_hop(_: CallInputs, core: CallCore, status: int | None = None) -> None:
    """Ask where the call goes after the passthru's answer, or without one."""
    core.emit(fx.ChooseHop(status))


def enter_app(_: CallInputs, core: CallCore, bot: BotTarget) -> None:
    """Connect to the bot of the next app; a caller who has not waited for a passthru waits from now on."""
    if core.passthru is None or core.passthru.is_async:
        _let_wait(core)
    core.hops += 1
    core.passthru, core.ending = bot.passthru, None
    core.emit(fx.EnterApp(bot))
    connect_stream(core)


def _let_wait(core: CallCore) -> None:
    core.emit(fx.CloseStream(None), fx.HoldCaller())


def end_flow(_: CallInputs, core: CallCore, why: str = "") -> None:
    """Hang up; the call ends as its last stream did."""
    if why and core.ending is not None:
        core.ending = evolve(core.ending, reason=f"{core.ending.reason}; {why}")
    hang_up_kept(_, core)

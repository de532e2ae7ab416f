"""Core: feeds the machine of a call: finds the input for an event, a turn, a claim, a list or a stream's end."""

from collections.abc import Callable

from exoswitch.call import events as ev
from exoswitch.call.core import CallCore, Role
from exoswitch.call.endings import is_goodbye
from exoswitch.call.events import MediaAddress
from exoswitch.call.inputs import CallInputs
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.verdicts import Next, judge

MOST_LOSSES = 10
"""How many streams one call may lose. A bot that accepts and then crashes is not retried endlessly."""

LATE_S = 0.01
"""A dial that is later than this after its turn comes too close to the next one; see `ITrunkPool.missed`."""

MOST_MISSED_TURNS = 5

ENDED_UNSEEN = 0
"""The cause of a hang-up that this gateway did not see."""


def apply_event(inputs: CallInputs, core: CallCore, event: ev.ChannelEvent, here: MediaAddress | None) -> None:  # noqa: C901 - one line for each event
    """Feed an event of the call's channel to its machine; `here` is our RTP address."""
    match event:
        case ev.ChannelDialled():
            inputs.channel_dialled()
        case ev.ChannelRinging():
            inputs.channel_ringing()
        case ev.ChannelAnswered():
            apply_answer(inputs, core)
        case ev.DialFailed(_, dial_status):
            inputs.dial_failed(dial_status)
        case ev.OriginateFailed(_, reason):
            inputs.originate_failed(reason)
        case ev.MediaAnnounced(_, host, port) if _is_here(event.leg, here):
            inputs.media_announced(host, port)
        case ev.MediaAnnounced():
            _led_elsewhere(inputs, core)
        case ev.DigitPressed(_, digit, duration_ms):
            inputs.digit_pressed(digit, duration_ms)
        case ev.ChannelHungUp():
            inputs.channel_hung_up(event.cause, event.sip_status, event.by_peer)
        case ev.ChannelTaken():
            inputs.moved()


def apply_answer(inputs: CallInputs, core: CallCore) -> None:
    """Feed that the phone was answered: what follows depends on what it is connected to."""
    match core.role:
        case Role.BOT:
            inputs.channel_answered()
        case Role.FIRST:
            inputs.first_answered()
        case Role.SECOND:
            inputs.second_answered()


def apply_judgement(inputs: CallInputs, core: CallCore, elapsed_s: float, spent_s: float) -> None:
    """Feed what the end of an attempt means, `elapsed_s` after its dial and `spent_s` after the call's first one."""
    end = core.dialled.end(elapsed_s)
    verdict = judge(end, frozenset() if core.trunk is None else core.trunk.own_refusals)
    is_again = verdict.next_trunk is Next.ONCE and core.told_of_phone is not None
    if verdict.next_trunk is Next.NO or is_again or not may_try_another(core, spent_s):
        inputs.give_up(end, verdict)
    else:
        inputs.fail_over(end, verdict)


def may_try_another(core: CallCore, spent_s: float) -> bool:
    """Whether another trunk may be dialled, `spent_s` seconds after the call's first dial."""
    has_another = core.trunk is not None and not core.trunk.is_last and core.attempts < core.limits.attempts
    return core.may_fail_over and has_another and spent_s < core.limits.budget_s


def apply_turn(inputs: CallInputs, core: CallCore, late_s: float, spent_s: float) -> None:
    """Feed the turn of a trunk, `late_s` seconds after its time."""
    if is_missed(core, late_s):
        inputs.turn_missed()
    else:
        inputs.turn_came(spent_s)


def apply_claim(inputs: CallInputs, core: CallCore, late_s: float) -> None:
    """Feed that the call is ours to dial, `late_s` seconds after the trunk's turn; negative before it."""
    if late_s < 0:
        inputs.claimed_early()
    elif is_missed(core, late_s):
        inputs.claimed_late()
    else:
        inputs.claimed()


def is_missed(core: CallCore, late_s: float) -> bool:
    """Whether a turn is too late to be used. A gateway whose turns are all late dials nevertheless."""
    return late_s > LATE_S and core.missed_turns < MOST_MISSED_TURNS


def apply_listing(
    inputs: CallInputs, core: CallCore, found: ev.SwitchReady, channel_id: str, here: MediaAddress | None
) -> None:
    """Feed what Asterisk's list of channels, which is complete, says of the call's channel."""
    if channel_id not in found.channel_ids:
        inputs.channel_hung_up(ENDED_UNSEEN)
    elif not _is_here(found.legs.get(channel_id), here):
        _led_elsewhere(inputs, core)
    elif channel_id in found.answered:
        _answered_unseen(inputs, core)


def _answered_unseen(inputs: CallInputs, core: CallCore) -> None:
    """Feed an answer that was not told; a take-over of the call finds it out itself."""
    if core.role is not Role.BOT:
        apply_answer(inputs, core)
    elif not core.is_led_away:
        inputs.answered_unseen()


def _is_here(leg: MediaAddress | None, here: MediaAddress | None) -> bool:
    return leg is None or here is None or leg == here


def _led_elsewhere(inputs: CallInputs, core: CallCore) -> None:
    """Take audio that is led to another gateway as its claim of the call, unless we have just taken it over."""
    if not core.is_led_away:
        inputs.moved()


def apply_close(inputs: CallInputs, core: CallCore, options: StreamOptions, code: int | None, reason: str) -> None:
    """Feed the end of an open stream to a call's machine, as its bot's options say."""
    ended: Callable[[int | None, str], None] = inputs.stream_closed
    if options.drain_on_close and is_goodbye(code):
        ended = inputs.bot_finished
    elif options.on_stream_loss == "reconnect" and not is_goodbye(code) and core.losses < MOST_LOSSES:
        ended = inputs.stream_lost
    ended(code, reason)

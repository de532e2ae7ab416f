"""Every pair of state and input is defined or listed as illegal; every timer belongs to a state."""

import inspect

import pytest
from automat import NoTransition

from exoswitch.call import machine
from exoswitch.call.attempts import Health
from exoswitch.call.effects import (
    StartTimer,
)
from exoswitch.call.inputs import CallInputs
from exoswitch.call.session import BotTarget, CallStatus
from exoswitch.call.verdicts import AttemptEnd, End, Next, Verdict
from tests.harness.call_machine import (
    BUSY,
    LAB,
    PATHS,
    Call,
)


@pytest.mark.parametrize("state", PATHS)
def test_a_list_of_channels_counts_only_once_asterisk_has_accepted_the_call(state):
    call = Call()
    call.feed_all(*PATHS[state])
    before = {"new", "choosing_trunk", "accepted", "waiting_for_turn", "claiming", "originating"}
    between = {"judging", "choosing_again", "waiting_again", "ending_second"}
    assert machine.has_channel(call.core) is (state not in before | between)


@pytest.mark.parametrize("state", PATHS)
def test_every_timer_that_a_state_starts_is_its_own(state):
    call, *inputs = Call(), *PATHS[state]
    for item in inputs:
        effects = call.feed_all(item)
        started = {effect.timer for effect in effects if isinstance(effect, StartTimer)}
        assert started <= machine.owned_timers(call.core)


END = AttemptEnd(how=End.REFUSED, has_rung=False, elapsed_s=1.0, sip_status=503, cause=34)
BOT = BotTarget(url="ws://bot.example.org/second", app="1002")
VERDICT = Verdict(Next.YES, Health.STRONG, CallStatus.FAILED)

INPUTS = {
    "accept": (),
    "arrive": (),
    "resume": (),
    "resume_flow": (),
    "adopt_ringing": (),
    "resume_first": (),
    "resume_second": (),
    "abandon": (),
    "trunk_chosen": (LAB,),
    "no_trunk": ("every channel is busy",),
    "dial": (),
    "turn_came": (),
    "turn_missed": (),
    "claimed": (),
    "claimed_early": (),
    "claimed_late": (),
    "originate_queued": (),
    "refused": ("no",),
    "moved": (),
    "rejected": ("no",),
    "channel_dialled": (),
    "channel_ringing": (),
    "channel_answered": (),
    "answered_unseen": (),
    "first_answered": (),
    "second_answered": (),
    "dial_second": ("+919812345611",),
    "second_joined": (),
    "second_over": (BUSY,),
    "dial_failed": ("BUSY",),
    "originate_failed": (0,),
    "media_announced": ("127.0.0.1", 4000),
    "channel_hung_up": (16,),
    "digit_pressed": ("1", 100),
    "stream_opened": (),
    "stream_failed": ("refused",),
    "stream_closed": (1000, ""),
    "stream_lost": (1006, ""),
    "bot_finished": (1000, ""),
    "ask_passthru": (),
    "passthru_answered": (200,),
    "next_app": (BOT,),
    "flow_over": (),
    "playout_finished": (),
    "media_lost": (30.0,),
    "hang_up": ("by request",),
    "post_dial_timed_out": (),
    "fail_over": (END, VERDICT),
    "give_up": (END, VERDICT),
    "ring_timed_out": (),
    "handshake_timed_out": (),
    "duration_reached": (),
    "reconnect_due": (),
    "passthru_timed_out": (),
    "hang_up_timed_out": (),
}

_BEGINNINGS = {
    *("accept", "arrive", "resume", "resume_flow", "adopt_ringing", "resume_first", "resume_second"),
}
_TURN = {"turn_came", "turn_missed"}
_CLAIM = {"claimed", "claimed_early", "claimed_late"}
_UNDIALLED = {"abandon", "trunk_chosen", "no_trunk", "dial", "refused"} | _TURN | _CLAIM
_CHANNEL = {
    *("originate_queued", "rejected", "channel_dialled", "channel_ringing", "channel_answered", "dial_failed"),
    *("answered_unseen", "first_answered", "second_answered"),
    *("originate_failed", "media_announced", "channel_hung_up", "digit_pressed"),
}
_ELSEWHERE = _CHANNEL - {"originate_queued", "rejected"}  # as another gateway's channel of the same call has it
_BETWEEN = _CHANNEL | {"hang_up", "moved"}
_JUDGEMENT = {"fail_over", "give_up"}
_CLOSE = {"stream_closed", "stream_lost", "bot_finished"}
_STREAM = {"stream_opened", "stream_failed", "playout_finished"} | _CLOSE
_TIMERS = {
    *("post_dial_timed_out", "ring_timed_out", "handshake_timed_out", "duration_reached", "reconnect_due"),
    *("passthru_timed_out", "hang_up_timed_out"),
}
_HOP = {"next_app", "flow_over"}
_FLOW = {"ask_passthru", "passthru_answered"} | _HOP
_TALK = _STREAM | {"media_lost"}
_SECOND = {"dial_second", "second_joined", "second_over"}
_UNBRIDGED = _BEGINNINGS | _UNDIALLED | _JUDGEMENT | _FLOW
_BEFORE = _UNBRIDGED | _SECOND
_AFTER = (_BEFORE | _STREAM | _TIMERS) - {"stream_failed", "duration_reached"}
_RINGING = _BEFORE | _TALK | _TIMERS - {"ring_timed_out"}
_SILENT = _RINGING - {"post_dial_timed_out"}
_FAILED = _BEFORE | _TALK | _TIMERS - {"hang_up_timed_out"}
_LOST = _BEFORE | _CLOSE | {"playout_finished"} | _TIMERS - {"duration_reached"}

ILLEGAL = {
    "new": set(INPUTS) - _BEGINNINGS - {"abandon"},
    "choosing_trunk": set(INPUTS) - _ELSEWHERE - {"trunk_chosen", "no_trunk", "hang_up", "moved"},
    "accepted": set(INPUTS) - _ELSEWHERE - {"abandon", "dial", "hang_up", "moved"},
    "waiting_for_turn": set(INPUTS) - _ELSEWHERE - _TURN - {"hang_up", "moved"},
    "claiming": set(INPUTS) - _ELSEWHERE - _CLAIM - {"refused", "hang_up", "moved"},
    "choosing_again": set(INPUTS) - _BETWEEN - {"trunk_chosen", "no_trunk"},
    "waiting_again": set(INPUTS) - _BETWEEN - _TURN,
    "originating": _SILENT,
    "dialling": _SILENT | {"originate_queued"},
    "trying": _SILENT,
    "ringing": _RINGING,
    "giving_trunk_up": _FAILED,
    "awaiting_hang_up": _FAILED,
    "awaiting_originate_response": _FAILED,
    "judging": _FAILED - _JUDGEMENT | {"hang_up_timed_out"},
    "connecting": _LOST - {"handshake_timed_out"},
    "retrying": _LOST - {"handshake_timed_out"},
    "talking": _BEFORE | _STREAM - _CLOSE | _TIMERS - {"duration_reached"},
    "draining": _BEFORE | _STREAM - {"playout_finished"} | _TIMERS - {"duration_reached"},
    "choosing_hop": _AFTER - {"ask_passthru", "dial_second"} - _HOP,
    "asking_passthru": _AFTER - {"passthru_answered", "passthru_timed_out"},
    "dialling_second": _UNBRIDGED | {"dial_second"} | _TIMERS - {"duration_reached"},
    "bridged": _UNBRIDGED | {"dial_second"} | _TIMERS - {"duration_reached"},
    "joined": _BEFORE | _TIMERS - {"duration_reached"},
    "ending_both": _UNBRIDGED | {"dial_second"} | _TIMERS - {"hang_up_timed_out"},
    "ending_second": _UNBRIDGED | {"dial_second"} | _TIMERS - {"hang_up_timed_out"},
    "ending": _UNBRIDGED - _FLOW | _TIMERS - {"hang_up_timed_out"},
    "over": _BEGINNINGS | _TURN | _TIMERS,
}
_WAITING = (_LOST | {"stream_opened", "stream_failed"}) - {"reconnect_due"}
ILLEGAL |= {state.name: _WAITING for state in machine.BOT_LOST}
ILLEGAL |= {state.name: _LOST - {"handshake_timed_out"} for state in machine.RECONNECTING}


def test_the_lists_of_states_and_inputs_are_complete():
    declared = {name for name, _ in inspect.getmembers(CallInputs, inspect.isfunction) if not name.startswith("_")}
    assert set(INPUTS) == declared
    assert set(PATHS) == set(ILLEGAL) == {state.name for state in machine.STATES}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_every_pair_of_state_and_input_is_defined_or_listed_as_illegal(state, name):
    call = Call()
    call.feed_all(*PATHS[state])
    if name in ILLEGAL[state]:
        with pytest.raises(NoTransition):
            call.feed(name, *INPUTS[name])
    else:
        call.feed(name, *INPUTS[name])

"""Core: one call's life, from the request or the first ring to the moment when nothing of it is left.

The states, in the order in which a good call passes them::

    new ── accept ──► choosing_trunk ──► accepted ──► waiting_for_turn ──► claiming ──► originating ──┐
     │                                                                                                ▼
     │                                                             ringing ◄── trying ◄──────── dialling
     ├── adopt_ringing ──────────────────────────────────────────────►│
     └── arrive, resume ──────────────────────────────────────────────┴──► connecting ──► talking ──► ending ──► over

An outbound call chooses its trunk first, so that a full trunk is told to the dialer. It is `accepted` while its
session is being saved. It waits for the trunk's turn, is claimed so that no other gateway dials it, and is dialled.
`adopt_ringing` and `resume` begin with a call of another gateway. A call that moves to another gateway is over here.

An attempt that fails before the phone rings is judged; if its trunk is at fault, the next one is tried::

    originating, dialling, trying ──► awaiting_… ──► judging ──► choosing_again ──► waiting_again ──► originating
                      └── post_dial_timed_out ──► giving_trunk_up ──►┘

A call between two phones has no bot. The first phone waits while the second one is dialled, a call of its own; then
Asterisk connects them::

    first   … ringing ── first_answered ──► dialling_second ── second_joined ──► bridged ──► ending ──► over
    second  … ringing ── second_answered ──► joined ──► over

`dial_second` is the way from a bot to a phone. `ending_both` waits for the ends of both phones, `ending_second` for
that of the second one. `resume_first` and `resume_second` begin with phones of another gateway.

`giving_trunk_up` takes the call back from a trunk that gives no sign of the phone, and waits for the channel's end.
`awaiting_hang_up` and `awaiting_originate_response` wait for the rest of what Asterisk tells of the attempt: it sends
the two in no fixed order. `choosing_again` also serves a call whose turn came too late. A call that has rung is never
dialled again.

`connecting` becomes `retrying` after the first failed handshake with the bot. A bot that is lost in the conversation
may be reconnected, three times: `bot_lost_n` is the wait, `reconnecting_n` the attempt. In `draining` the bot has
closed its stream, and the caller hears the rest. `ending` waits for Asterisk to confirm a hang-up.

When a bot's stream is over and the caller is still there, the call may go on to another app, by way of a passthru::

    connecting, … draining ──► choosing_hop ──► asking_passthru ──► choosing_hop ──► connecting, or ending

In `asking_passthru` the caller waits for its answer. `choosing_hop` lasts for no time: what follows is known at once.
`resume_flow` begins there with a call of another gateway.

First the states with the timers that each owns, then the table. `call/dialling.py`, `call/outputs.py`, `call/flow.py`
and `call/second_phone.py` have what each transition does. A pair of state and input that is not in the table is
illegal and raises `automat.NoTransition`: it is a bug of ours.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from automat import TypeMachineBuilder

from exoswitch.call import dialling as dial
from exoswitch.call import flow, outputs, second_phone
from exoswitch.call.core import CallCore
from exoswitch.call.effects import Timer
from exoswitch.call.inputs import CallInputs
from exoswitch.call.transitions import index_transitions

builder = TypeMachineBuilder(CallInputs, CallCore)

new = builder.state("new")
choosing_trunk = builder.state("choosing_trunk")
accepted = builder.state("accepted")
waiting_for_turn = builder.state("waiting_for_turn")
claiming = builder.state("claiming")
choosing_again = builder.state("choosing_again")
waiting_again = builder.state("waiting_again")
originating = builder.state("originating")
dialling = builder.state("dialling")
trying = builder.state("trying")
ringing = builder.state("ringing")
giving_trunk_up = builder.state("giving_trunk_up")
awaiting_hang_up = builder.state("awaiting_hang_up")
awaiting_originate_response = builder.state("awaiting_originate_response")
judging = builder.state("judging")
connecting = builder.state("connecting")
retrying = builder.state("retrying")
talking = builder.state("talking")
bot_lost_1 = builder.state("bot_lost_1")
bot_lost_2 = builder.state("bot_lost_2")
bot_lost_3 = builder.state("bot_lost_3")
reconnecting_1 = builder.state("reconnecting_1")
reconnecting_2 = builder.state("reconnecting_2")
reconnecting_3 = builder.state("reconnecting_3")
draining = builder.state("draining")
choosing_hop = builder.state("choosing_hop")
asking_passthru = builder.state("asking_passthru")
dialling_second = builder.state("dialling_second")
bridged = builder.state("bridged")
joined = builder.state("joined")
ending_both = builder.state("ending_both")
ending_second = builder.state("ending_second")
ending = builder.state("ending")
over = builder.state("over")

UNDIALLED = (choosing_trunk, accepted, waiting_for_turn, claiming)
BETWEEN = (choosing_again, waiting_again)
SILENT = (originating, dialling, trying)
DIALLED = (*SILENT, ringing)
FAILED = (giving_trunk_up, awaiting_hang_up, awaiting_originate_response, judging)
BOT_LOST = (bot_lost_1, bot_lost_2, bot_lost_3)
AFTER_STREAM = (choosing_hop, asking_passthru)
RECONNECTING = (reconnecting_1, reconnecting_2, reconnecting_3)
ANSWERED = (connecting, retrying, talking, *BOT_LOST, *RECONNECTING)
STATES = (
    *(new, *UNDIALLED, *BETWEEN, *DIALLED, *FAILED, connecting, retrying, talking),
    *(bot_lost_1, reconnecting_1, bot_lost_2, reconnecting_2, bot_lost_3, reconnecting_3),
    *(draining, *AFTER_STREAM, dialling_second, bridged, joined, ending_both, ending_second, ending, over),
)
CONNECTED = (dialling_second, bridged)
NO_CHANNEL = (new, *UNDIALLED, *BETWEEN, originating, judging, ending_second)

TIMERS: Mapping[object, frozenset[Timer]] = {
    **dict.fromkeys((waiting_for_turn, waiting_again), frozenset({Timer.TURN})),
    **dict.fromkeys(SILENT, frozenset({Timer.POST_DIAL, Timer.RING})),
    ringing: frozenset({Timer.RING}),
    **dict.fromkeys((connecting, retrying, *RECONNECTING), frozenset({Timer.DURATION, Timer.HANDSHAKE})),
    **dict.fromkeys((talking, draining, choosing_hop), frozenset({Timer.DURATION})),
    **dict.fromkeys(BOT_LOST, frozenset({Timer.DURATION, Timer.RECONNECT})),
    **dict.fromkeys((giving_trunk_up, awaiting_hang_up, awaiting_originate_response), frozenset({Timer.HANG_UP})),
    asking_passthru: frozenset({Timer.DURATION, Timer.PASSTHRU}),
    **dict.fromkeys((*CONNECTED, joined), frozenset({Timer.DURATION})),
    **dict.fromkeys((ending_both, ending_second, ending), frozenset({Timer.HANG_UP})),
}
"""The timers that each state owns; a call that enters a state loses all others."""

ANSWERS = (
    *(CallInputs.channel_answered, CallInputs.answered_unseen),
    *(CallInputs.first_answered, CallInputs.second_answered),
)

# --- The table: each state with what can happen in it -----------------------------------------------------------

new.upon(CallInputs.accept).to(choosing_trunk)(dial.choose_trunk)
new.upon(CallInputs.arrive).to(connecting)(outputs.bridge)
new.upon(CallInputs.resume).to(connecting)(outputs.resume)
new.upon(CallInputs.resume_flow).to(choosing_hop)(flow.resume)
new.upon(CallInputs.adopt_ringing).to(ringing)(outputs.adopt_ringing)
new.upon(CallInputs.resume_first).to(dialling_second)(second_phone.resume_first)
new.upon(CallInputs.resume_second).to(joined)(second_phone.resume_second)
new.upon(CallInputs.abandon).to(over)(dial.abandon)

choosing_trunk.upon(CallInputs.trunk_chosen).to(accepted)(dial.remember_trunk)
choosing_trunk.upon(CallInputs.no_trunk).to(over)(dial.no_trunk)
choosing_trunk.upon(CallInputs.hang_up).to(over)(dial.stop_choosing)
accepted.upon(CallInputs.abandon).to(over)(dial.abandon)
accepted.upon(CallInputs.dial).to(waiting_for_turn)(dial.wait_to_claim)
waiting_for_turn.upon(CallInputs.turn_came).to(claiming)(dial.claim)
waiting_for_turn.upon(CallInputs.turn_missed).to(claiming)(dial.claim)
claiming.upon(CallInputs.claimed).to(originating)(dial.originate)
claiming.upon(CallInputs.claimed_early).to(waiting_again)(dial.wait_for_turn)
claiming.upon(CallInputs.claimed_late).to(choosing_again)(dial.take_turn_again)
claiming.upon(CallInputs.refused).to(over)(dial.refuse)

choosing_again.upon(CallInputs.trunk_chosen).to(waiting_again)(dial.wait_again)
choosing_again.upon(CallInputs.no_trunk).to(over)(dial.out_of_trunks)
waiting_again.upon(CallInputs.turn_came).to(originating)(dial.originate)
waiting_again.upon(CallInputs.turn_missed).to(choosing_again)(dial.take_turn_again)

for state in (accepted, waiting_for_turn, claiming, *BETWEEN):
    state.upon(CallInputs.hang_up).to(over)(dial.cancel_undialled)

for state in DIALLED:
    state.upon(CallInputs.channel_answered).to(connecting)(dial.answered)
    state.upon(CallInputs.answered_unseen).to(connecting)(dial.answered_unseen)
    state.upon(CallInputs.first_answered).to(dialling_second)(second_phone.first_answered)
    state.upon(CallInputs.second_answered).to(joined)(second_phone.second_answered)
    state.upon(CallInputs.dial_failed).loop()(dial.note_dial_status)
    state.upon(CallInputs.media_announced).loop()(outputs.direct)
    state.upon(CallInputs.hang_up).to(ending)(dial.cancel)
    state.upon(CallInputs.rejected).to(over)(dial.rejected)

originating.upon(CallInputs.originate_queued).to(dialling).returns(None)

for state in (originating, dialling):
    state.upon(CallInputs.channel_dialled).to(trying)(dial.note_channel)
    state.upon(CallInputs.channel_hung_up).to(judging)(dial.judge_hang_up)

trying.upon(CallInputs.channel_hung_up).to(awaiting_originate_response)(dial.await_reason)
ringing.upon(CallInputs.channel_hung_up).to(judging)(dial.judge_hang_up)
ringing.upon(CallInputs.ring_timed_out).to(ending)(dial.rang_out)

for state in SILENT:
    state.upon(CallInputs.channel_ringing).to(ringing)(dial.ring)
    state.upon(CallInputs.post_dial_timed_out).to(giving_trunk_up)(dial.give_trunk_up)
    state.upon(CallInputs.ring_timed_out).to(ending)(dial.ring_timed_out)

for state in (*DIALLED, giving_trunk_up):
    state.upon(CallInputs.originate_failed).to(awaiting_hang_up)(dial.await_hang_up)

for state in (giving_trunk_up, awaiting_hang_up):
    state.upon(CallInputs.channel_hung_up).to(judging)(dial.judge_hang_up)
    state.upon(CallInputs.channel_ringing).loop()(dial.note_ringing)
    for answer in ANSWERS:
        state.upon(answer).loop()(dial.note_ringing)

giving_trunk_up.upon(CallInputs.channel_dialled).loop()(dial.note_channel)
giving_trunk_up.upon(CallInputs.hang_up_timed_out).to(over)(dial.not_taken_back)
giving_trunk_up.upon(CallInputs.rejected).to(over)(dial.rejected)
awaiting_hang_up.upon(CallInputs.channel_dialled).loop()(dial.note_late_channel)
awaiting_hang_up.upon(CallInputs.hang_up_timed_out).to(judging)(dial.judge)
awaiting_originate_response.upon(CallInputs.originate_failed).to(judging)(dial.judge_reason)
awaiting_originate_response.upon(CallInputs.hang_up_timed_out).to(judging)(dial.judge)

for state in FAILED:
    state.upon(CallInputs.dial_failed).loop()(dial.note_dial_status)
    state.upon(CallInputs.hang_up).loop()(dial.try_no_other)

judging.upon(CallInputs.fail_over).to(choosing_again)(dial.fail_over)
judging.upon(CallInputs.give_up).to(over)(dial.give_up)

for state in (connecting, retrying):
    state.upon(CallInputs.stream_opened).to(talking)(outputs.start)
    state.upon(CallInputs.handshake_timed_out).to(choosing_hop)(outputs.handshake_timed_out)
    state.upon(CallInputs.channel_hung_up).to(over)(outputs.abandoned)

connecting.upon(CallInputs.stream_failed).to(retrying)(outputs.connect_again)
retrying.upon(CallInputs.stream_failed).to(choosing_hop)(outputs.bot_unreachable)

talking.upon(CallInputs.digit_pressed).loop()(outputs.send_digit)
talking.upon(CallInputs.stream_closed).to(choosing_hop)(outputs.bot_closed)
talking.upon(CallInputs.stream_lost).to(bot_lost_1)(outputs.hold)
talking.upon(CallInputs.bot_finished).to(draining)(outputs.drain)
talking.upon(CallInputs.channel_hung_up).to(over)(outputs.caller_hung_up)

for waiting, trying_again in zip(BOT_LOST, RECONNECTING, strict=True):
    waiting.upon(CallInputs.reconnect_due).to(trying_again)(outputs.reconnect)
    trying_again.upon(CallInputs.stream_opened).to(talking)(outputs.start)
    trying_again.upon(CallInputs.handshake_timed_out).to(choosing_hop)(outputs.reconnect_timed_out)

reconnecting_1.upon(CallInputs.stream_failed).to(bot_lost_2)(outputs.wait_longer)
reconnecting_2.upon(CallInputs.stream_failed).to(bot_lost_3)(outputs.wait_longer)
reconnecting_3.upon(CallInputs.stream_failed).to(choosing_hop)(outputs.bot_lost)

for state in (*BOT_LOST, *RECONNECTING):
    state.upon(CallInputs.channel_hung_up).to(over)(outputs.caller_hung_up)

for state in ANSWERED:
    state.upon(CallInputs.media_lost).to(ending)(outputs.media_lost)
    state.upon(CallInputs.duration_reached).to(ending)(outputs.too_long)
    state.upon(CallInputs.hang_up).to(ending)(outputs.hang_up)
    state.upon(CallInputs.rejected).to(ending)(outputs.rejected_answered)

draining.upon(CallInputs.playout_finished).to(choosing_hop)(outputs.goodbye_over)
choosing_hop.upon(CallInputs.ask_passthru).to(asking_passthru)(flow.ask_passthru)
choosing_hop.upon(CallInputs.next_app).to(connecting)(flow.enter_app)
choosing_hop.upon(CallInputs.flow_over).to(ending)(flow.end_flow)
asking_passthru.upon(CallInputs.passthru_answered).to(choosing_hop)(flow.choose_hop)
asking_passthru.upon(CallInputs.passthru_timed_out).to(choosing_hop)(flow.choose_hop)

for state in (draining, *AFTER_STREAM):
    state.upon(CallInputs.media_lost).to(ending)(outputs.hang_up_kept)
    state.upon(CallInputs.duration_reached).to(ending)(outputs.hang_up_kept)
    state.upon(CallInputs.hang_up).to(ending)(outputs.hang_up_kept)
    state.upon(CallInputs.rejected).to(ending)(outputs.hang_up_kept)
    state.upon(CallInputs.channel_hung_up).to(over)(outputs.confirmed)

choosing_hop.upon(CallInputs.dial_second).to(dialling_second)(second_phone.dial_second)
dialling_second.upon(CallInputs.second_joined).to(bridged)(second_phone.connected)
dialling_second.upon(CallInputs.second_over).to(ending)(second_phone.not_connected)
dialling_second.upon(CallInputs.channel_hung_up).to(ending_second)(second_phone.first_gave_up)
bridged.upon(CallInputs.second_over).to(ending)(second_phone.second_hung_up)
bridged.upon(CallInputs.channel_hung_up).to(ending_second)(second_phone.first_gone)

for state in CONNECTED:
    state.upon(CallInputs.hang_up).to(ending_both)(second_phone.hang_up)
    state.upon(CallInputs.duration_reached).to(ending_both)(second_phone.too_long)
    state.upon(CallInputs.rejected).to(ending_both)(second_phone.refused)

ending_both.upon(CallInputs.channel_hung_up).to(ending_second)(second_phone.await_second)
ending_both.upon(CallInputs.second_over).to(ending)(second_phone.await_first)
ending_both.upon(CallInputs.hang_up_timed_out).to(over)(outputs.confirmed)
ending_second.upon(CallInputs.second_over).to(over)(second_phone.over)
ending_second.upon(CallInputs.hang_up_timed_out).to(over)(outputs.confirmed)

joined.upon(CallInputs.channel_hung_up).to(over)(second_phone.second_gone)
joined.upon(CallInputs.hang_up).to(ending)(outputs.hang_up_phone)
joined.upon(CallInputs.duration_reached).to(ending)(outputs.phone_too_long)
joined.upon(CallInputs.rejected).to(ending)(outputs.rejected_answered)

for state in (*ANSWERED, draining, *AFTER_STREAM, dialling_second):
    state.upon(CallInputs.media_announced).loop()(outputs.direct)

ending.upon(CallInputs.channel_hung_up).to(over)(outputs.confirmed)
ending.upon(CallInputs.hang_up_timed_out).to(over)(outputs.confirmed)

for state in STATES[STATES.index(waiting_for_turn) : STATES.index(over)]:
    state.upon(CallInputs.moved).to(over)(outputs.let_go)

# --- What changes nothing: an answer or an event that comes too late, a second time, or of another gateway --------


def _ignore(states: Iterable[Any], *inputs: Any) -> None:
    for state in states:
        for happened in inputs:
            state.upon(happened).loop().returns(None)


inputs = CallInputs
CHANNEL_MADE = (inputs.channel_dialled, inputs.channel_ringing, *ANSWERS)
DIAL_ENDED = (inputs.dial_failed, inputs.originate_failed)
STREAM_ENDED = (inputs.stream_closed, inputs.stream_lost, inputs.bot_finished)

_ignore((choosing_trunk, accepted), inputs.moved)  # The dialer is not answered yet. The claim decides who dials.
# Another gateway may have dialled the call on the same channel.
_ignore((*UNDIALLED, *BETWEEN), *CHANNEL_MADE, *DIAL_ENDED)
_ignore((*UNDIALLED, *BETWEEN), inputs.media_announced, inputs.channel_hung_up, inputs.digit_pressed)
_ignore((trying, ringing), inputs.channel_dialled)
_ignore([ringing], inputs.channel_ringing)
_ignore((*ANSWERED, draining, *AFTER_STREAM), *CHANNEL_MADE, *DIAL_ENDED)
_ignore((*DIALLED, *FAILED, connecting, retrying, *BOT_LOST, *RECONNECTING, draining), inputs.digit_pressed)
_ignore(AFTER_STREAM, inputs.digit_pressed, inputs.stream_failed)  # A handshake that was given up fails.
_ignore((trying, ringing, *FAILED, *BETWEEN, *ANSWERED, draining), inputs.originate_queued)
_ignore((*AFTER_STREAM, ending, over), inputs.originate_queued)
_ignore((ending, over), inputs.ask_passthru, inputs.passthru_answered, inputs.next_app, inputs.flow_over)
_ignore((*FAILED, ending, over), inputs.media_announced)
_ignore((awaiting_originate_response, judging, ending, over), *CHANNEL_MADE)
_ignore((awaiting_hang_up, awaiting_originate_response, judging, *BETWEEN, ending, over), inputs.rejected)
_ignore((awaiting_originate_response, judging, over), inputs.channel_hung_up)
_ignore((awaiting_hang_up, judging, ending, over), inputs.originate_failed)
_ignore((ending, over), inputs.digit_pressed, inputs.hang_up, inputs.dial_failed)
_ignore((ending, over), inputs.stream_opened, inputs.stream_failed, *STREAM_ENDED)
_ignore((ending, over), inputs.playout_finished, inputs.media_lost)
BRIDGING = (*CONNECTED, joined, ending_both, ending_second)
_ignore(BRIDGING, *CHANNEL_MADE, *DIAL_ENDED, inputs.digit_pressed, inputs.originate_queued)
_ignore(BRIDGING, *STREAM_ENDED, inputs.stream_opened, inputs.stream_failed, inputs.playout_finished)
_ignore(BRIDGING, inputs.media_lost)
_ignore((bridged, joined, ending_both, ending_second), inputs.media_announced)
_ignore((ending_both, ending_second), inputs.hang_up, inputs.rejected)
_ignore([ending_second], inputs.channel_hung_up)
_ignore((bridged, ending_both, ending_second, ending, over), inputs.second_joined)
_ignore((ending, over), inputs.second_over, inputs.dial_second)
_ignore([over], inputs.claimed, inputs.claimed_early, inputs.claimed_late)
_ignore([over], inputs.abandon, inputs.dial, inputs.moved, inputs.refused)
_ignore([over], inputs.trunk_chosen, inputs.no_trunk, inputs.fail_over, inputs.give_up)

machine = builder.build()
index_transitions(machine)


def begin(core: CallCore) -> CallInputs:
    """Make a call's machine; `core.state` follows its state."""
    call = machine(core)
    core.state = new
    # The one way to learn a machine's state, public in all but its name (Automat 25.4).
    call.__automat_transitioner__.setTrace(core.enter)  # type: ignore[attr-defined] # see above
    return call


def owned_timers(core: CallCore) -> frozenset[Timer]:
    """Give the timers that may run in a call's state."""
    return TIMERS.get(core.state, frozenset())


def is_talking(core: CallCore) -> bool:
    """Whether person and bot are connected."""
    return core.state is talking


def has_channel(core: CallCore) -> bool:
    """Whether Asterisk has a channel for the call, so that a list of channels without it means that it is gone."""
    return core.state not in NO_CHANNEL


def is_waiting_for_second(core: CallCore) -> bool:
    """Whether the first of two phones waits for the second one."""
    return core.state is dialling_second


def has_second(core: CallCore) -> bool:
    """Whether a second phone may be dialled or connected, so that its end is awaited."""
    return core.state in {*CONNECTED, ending_both, ending_second}

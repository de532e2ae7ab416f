"""Core: one call's life, from the dial or the first ring to the moment when nothing of it is left.

The states, in the order in which a good call passes them::

    new ── dial ──► dialling ──► trying ──► ringing ──┐
     ├─── attend ──────────────────────────────┘      │
     └─── arrive, resume ─────────────────────────────┴► connecting ──► talking ──► ending ──► over

A call begins once it has its place on a gateway and an Asterisk, and an RTP port; `attend` and `resume` begin with
one that was another gateway's. Should it become another's in turn, it is over here, whatever its state.

`connecting` becomes `retrying` when the first handshake with the bot failed. A bot that is lost while it talks may
be looked for again, three times: each `reconnecting` first waits, then tries. `draining` is a bot that has closed its
stream while the caller hears the rest of it. `ending` waits for Asterisk to confirm a hang-up that we asked for; a
channel that is gone anyway leads straight to `over`. `dropped` is a channel that is gone without ever having rung,
while the answer to the Originate, which says more, is yet to come: Asterisk tells the two in no fixed order.

The states come first, then the table; what each transition does stands in `call_steps`. A pair of state and input
that is not in the table is illegal, and raises `automat.NoTransition`: a bug, never something a peer can cause.
"""

from automat import TypeMachineBuilder

from exoswitch.call import outputs as steps
from exoswitch.call.inputs import CallCore, CallInputs

builder = TypeMachineBuilder(CallInputs, CallCore)

new = builder.state("new")
dialling = builder.state("dialling")
trying = builder.state("trying")
ringing = builder.state("ringing")
connecting = builder.state("connecting")
retrying = builder.state("retrying")
talking = builder.state("talking")
reconnecting_1 = builder.state("reconnecting_1")
reconnecting_2 = builder.state("reconnecting_2")
reconnecting_3 = builder.state("reconnecting_3")
draining = builder.state("draining")
dropped = builder.state("dropped")
ending = builder.state("ending")
over = builder.state("over")

RECONNECTING = (reconnecting_1, reconnecting_2, reconnecting_3)
STATES = (
    *(new, dialling, trying, ringing, connecting, retrying),
    *(talking, *RECONNECTING, draining, dropped, ending, over),
)

# --- The table: each state with what can happen in it -----------------------------------------------------------

new.upon(CallInputs.dial).to(dialling)(steps.originate)
new.upon(CallInputs.arrive).to(connecting)(steps.bridge)
new.upon(CallInputs.resume).to(connecting)(steps.resume)
new.upon(CallInputs.attend).to(ringing)(steps.attend)
new.upon(CallInputs.hang_up).to(ending)(steps.hang_up_lost)

for state in (dialling, trying, ringing):
    state.upon(CallInputs.channel_answered).to(connecting)(steps.connect)
    state.upon(CallInputs.dial_failed).loop()(steps.remember_dial_status)
    state.upon(CallInputs.media_announced).loop()(steps.direct)
    state.upon(CallInputs.ring_timed_out).to(ending)(steps.ring_timed_out)
    state.upon(CallInputs.hang_up).to(ending)(steps.cancel)
    state.upon(CallInputs.rejected).to(over)(steps.rejected_outbound)
    state.upon(CallInputs.digit_pressed).loop().returns(None)

dialling.upon(CallInputs.refused).to(over)(steps.refuse)
dialling.upon(CallInputs.channel_dialled).to(trying).returns(None)
dialling.upon(CallInputs.channel_ringing).to(ringing)(steps.ring)
dialling.upon(CallInputs.originate_failed).to(ending)(steps.await_channel)
dialling.upon(CallInputs.channel_hung_up).to(over)(steps.unanswered)
trying.upon(CallInputs.channel_dialled).loop().returns(None)
trying.upon(CallInputs.channel_ringing).to(ringing)(steps.ring)
trying.upon(CallInputs.originate_failed).to(ending)(steps.await_cause_of_silence)
trying.upon(CallInputs.channel_hung_up).to(dropped)(steps.await_reason)
ringing.upon(CallInputs.channel_dialled).loop().returns(None)
ringing.upon(CallInputs.channel_ringing).loop().returns(None)
ringing.upon(CallInputs.originate_failed).to(ending)(steps.await_cause)
ringing.upon(CallInputs.channel_hung_up).to(over)(steps.unanswered)

dropped.upon(CallInputs.originate_failed).to(over)(steps.reason_came)
dropped.upon(CallInputs.hang_up_timed_out).to(over)(steps.reason_missing)
dropped.upon(CallInputs.dial_failed).loop()(steps.remember_dial_status)

for state in (connecting, retrying):
    state.upon(CallInputs.stream_opened).to(talking)(steps.start)
    state.upon(CallInputs.handshake_timed_out).to(ending)(steps.handshake_timed_out)
    state.upon(CallInputs.channel_hung_up).to(over)(steps.abandoned)
    state.upon(CallInputs.digit_pressed).loop().returns(None)

connecting.upon(CallInputs.stream_failed).to(retrying)(steps.connect_again)
retrying.upon(CallInputs.stream_failed).to(ending)(steps.bot_unreachable)

talking.upon(CallInputs.digit_pressed).loop()(steps.send_digit)
talking.upon(CallInputs.stream_closed).to(ending)(steps.bot_closed)
talking.upon(CallInputs.stream_lost).to(reconnecting_1)(steps.hold)
talking.upon(CallInputs.bot_finished).to(draining)(steps.drain)
talking.upon(CallInputs.channel_hung_up).to(over)(steps.caller_hung_up)

for state in RECONNECTING:
    state.upon(CallInputs.reconnect_due).loop()(steps.reconnect)
    state.upon(CallInputs.stream_opened).to(talking)(steps.start)
    state.upon(CallInputs.handshake_timed_out).to(ending)(steps.reconnect_timed_out)
    state.upon(CallInputs.channel_hung_up).to(over)(steps.caller_hung_up)
    state.upon(CallInputs.digit_pressed).loop().returns(None)

reconnecting_1.upon(CallInputs.stream_failed).to(reconnecting_2)(steps.wait_longer)
reconnecting_2.upon(CallInputs.stream_failed).to(reconnecting_3)(steps.wait_longer)
reconnecting_3.upon(CallInputs.stream_failed).to(ending)(steps.bot_lost)

for state in (connecting, retrying, talking, *RECONNECTING):
    state.upon(CallInputs.media_lost).to(ending)(steps.media_lost)
    state.upon(CallInputs.duration_reached).to(ending)(steps.too_long)
    state.upon(CallInputs.hang_up).to(ending)(steps.hang_up)
    state.upon(CallInputs.rejected).to(ending)(steps.rejected_inbound)

draining.upon(CallInputs.playout_finished).to(ending)(steps.goodbye_over)
draining.upon(CallInputs.media_lost).to(ending)(steps.goodbye_over)
draining.upon(CallInputs.duration_reached).to(ending)(steps.goodbye_over)
draining.upon(CallInputs.hang_up).to(ending)(steps.goodbye_over)
draining.upon(CallInputs.rejected).to(ending)(steps.goodbye_over)
draining.upon(CallInputs.channel_hung_up).to(over)(steps.confirmed)
draining.upon(CallInputs.digit_pressed).loop().returns(None)

for state in (connecting, retrying, talking, *RECONNECTING, draining):
    state.upon(CallInputs.media_announced).loop()(steps.direct)
    state.upon(CallInputs.channel_dialled).loop().returns(None)
    state.upon(CallInputs.channel_ringing).loop().returns(None)
    state.upon(CallInputs.channel_answered).loop().returns(None)
    state.upon(CallInputs.dial_failed).loop().returns(None)
    state.upon(CallInputs.originate_failed).loop().returns(None)

ending.upon(CallInputs.channel_hung_up).to(over)(steps.confirmed)
ending.upon(CallInputs.hang_up_timed_out).to(over)(steps.unconfirmed)
over.upon(CallInputs.channel_hung_up).loop().returns(None)

ending.upon(CallInputs.dial_failed).loop()(steps.remember_dial_status)
over.upon(CallInputs.dial_failed).loop().returns(None)
ending.upon(CallInputs.originate_failed).loop().returns(None)
over.upon(CallInputs.originate_failed).loop().returns(None)
dropped.upon(CallInputs.channel_hung_up).loop().returns(None)

for state in (dropped, ending, over):
    state.upon(CallInputs.rejected).loop().returns(None)
    state.upon(CallInputs.channel_dialled).loop().returns(None)
    state.upon(CallInputs.channel_ringing).loop().returns(None)
    state.upon(CallInputs.channel_answered).loop().returns(None)
    state.upon(CallInputs.media_announced).loop().returns(None)
    state.upon(CallInputs.digit_pressed).loop().returns(None)
    state.upon(CallInputs.hang_up).loop().returns(None)

for state in (dialling, trying, ringing, connecting, retrying, talking, *RECONNECTING, draining, dropped, ending):
    state.upon(CallInputs.moved).to(over)(steps.let_go)

over.upon(CallInputs.moved).loop().returns(None)

for state in (ending, over):
    state.upon(CallInputs.refused).loop().returns(None)
    state.upon(CallInputs.stream_opened).loop().returns(None)
    state.upon(CallInputs.stream_failed).loop().returns(None)
    state.upon(CallInputs.stream_closed).loop().returns(None)
    state.upon(CallInputs.stream_lost).loop().returns(None)
    state.upon(CallInputs.bot_finished).loop().returns(None)
    state.upon(CallInputs.playout_finished).loop().returns(None)
    state.upon(CallInputs.media_lost).loop().returns(None)

machine = builder.build()

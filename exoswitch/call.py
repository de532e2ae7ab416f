"""Core: one call's life, from the dial or the first ring to the moment when nothing of it is left.

The states, in the order in which a good call passes them::

    new ── dial ──► queued ── admitted ──► dialling ► trying ► ringing ─┐
     └─── arrive ─► waiting ── admitted ────────────────────────────────┴► connecting ► talking ► ending ► over

`connecting` becomes `retrying` when the first handshake with the bot failed. `ending` waits for Asterisk to confirm
a hang-up that we asked for; a channel that is gone anyway leads straight to `over`. `dropped` is a channel that is
gone without ever having rung, while the answer to the Originate, which says more, is yet to come: Asterisk tells the
two in no fixed order.

The file reads from top to bottom: the states; what each transition does; then the table. A pair of state and input
that is not in the table is illegal, and raises `automat.NoTransition`: a bug, never something a peer can cause.
"""

from automat import TypeMachineBuilder

from exoswitch import endings
from exoswitch.call_inputs import CallCore, CallInputs
from exoswitch.events import (
    Admit,
    BridgeCall,
    CloseStream,
    ConnectStream,
    DirectMedia,
    HangUp,
    Originate,
    RecordEnding,
    RecordProgress,
    ReleaseCall,
    SendDigit,
    StartStream,
    StartTimer,
    StopReason,
    StopTimer,
    Timer,
)
from exoswitch.exotel.statuses import HangUpCause
from exoswitch.session import CallStatus, Ending

RING_GRACE_S = 10.0  # covers a trunk's pacing, and the silence of an Asterisk that should end a dial by itself
HANDSHAKE_GRACE_S = 2.0  # the bot's connection times its own handshakes; our wait only covers its silence
HANG_UP_WAIT_S = 5.0
REASON_WAIT_S = 1.0
TIMED_OUT = 3  # OriginateResponse's Reason when the ring time has passed (Asterisk 22)

builder = TypeMachineBuilder(CallInputs, CallCore)

new = builder.state("new")
queued = builder.state("queued")
waiting = builder.state("waiting")
dialling = builder.state("dialling")
trying = builder.state("trying")
ringing = builder.state("ringing")
connecting = builder.state("connecting")
retrying = builder.state("retrying")
talking = builder.state("talking")
dropped = builder.state("dropped")
ending = builder.state("ending")
over = builder.state("over")

STATES = (new, queued, waiting, dialling, trying, ringing, connecting, retrying, talking, dropped, ending, over)


# --- What the transitions do: beginnings ------------------------------------------------------------------------


def _admit(_: CallInputs, core: CallCore) -> None:
    core.emit(Admit())


def _originate(_: CallInputs, core: CallCore) -> None:
    ring_s = core.limits.ring_s
    core.emit(Originate(ring_s), StartTimer(Timer.RING, ring_s + RING_GRACE_S))


def _bridge(_: CallInputs, core: CallCore) -> None:
    core.emit(BridgeCall())
    _connect(_, core)


def _ring(_: CallInputs, core: CallCore) -> None:
    core.emit(RecordProgress(CallStatus.RINGING))


def _connect(_: CallInputs, core: CallCore) -> None:
    limits = core.limits
    core.emit(
        StopTimer(Timer.RING),
        RecordProgress(CallStatus.IN_PROGRESS),
        StartTimer(Timer.DURATION, limits.max_duration_s),
        StartTimer(Timer.HANDSHAKE, 2 * limits.handshake_s + HANDSHAKE_GRACE_S),
        ConnectStream(attempt=1),
    )


def _connect_again(_: CallInputs, core: CallCore, error: str) -> None:
    del error  # The second attempt's error is the one that is reported.
    core.emit(ConnectStream(attempt=2))


def _start(_: CallInputs, core: CallCore) -> None:
    core.emit(StopTimer(Timer.HANDSHAKE), StartStream())


# --- In between -------------------------------------------------------------------------------------------------


def _direct(_: CallInputs, core: CallCore, host: str, port: int) -> None:
    core.emit(DirectMedia(host, port))


def _remember_dial_status(_: CallInputs, core: CallCore, dial_status: str) -> None:
    core.dial_status = dial_status


def _send_digit(_: CallInputs, core: CallCore, digit: str, duration_ms: int) -> None:
    core.emit(SendDigit(digit, duration_ms))


# --- Endings ----------------------------------------------------------------------------------------------------


def _finish(core: CallCore, how: Ending, stop: StopReason | None = None) -> None:
    """End a call whose channel is gone, or never was."""
    core.emit(CloseStream(stop), *(StopTimer(timer) for timer in Timer), RecordEnding(how), ReleaseCall())


def _clear(
    core: CallCore,
    how: Ending,
    stop: StopReason | None = None,
    cause: HangUpCause = HangUpCause.NORMAL_CLEARING,
) -> None:
    """End a call whose channel is up: ask for its hang-up, and keep the ending until that is confirmed."""
    core.ending = how
    core.emit(
        CloseStream(stop),
        *(StopTimer(timer) for timer in Timer),
        HangUp(cause),
        StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S),
    )


def _refuse_outbound(_: CallInputs, core: CallCore, reason: str) -> None:
    _finish(core, endings.never_admitted(reason))


def _refuse_inbound(_: CallInputs, core: CallCore, reason: str) -> None:
    _clear(core, endings.never_admitted(reason), cause=HangUpCause.NO_CIRCUIT)


def _rejected_outbound(_: CallInputs, core: CallCore, reason: str) -> None:
    core.emit(HangUp(HangUpCause.NORMAL_CLEARING))  # The request may have arrived although its answer did not.
    _finish(core, endings.refused_by_asterisk(reason))


def _rejected_inbound(_: CallInputs, core: CallCore, reason: str) -> None:
    _clear(core, endings.refused_by_asterisk(reason))


def _await_channel(_: CallInputs, core: CallCore, reason: int) -> None:
    del reason  # Lossy; and the channel, if there was one, may be heard of only now.
    core.emit(StopTimer(Timer.RING), StartTimer(Timer.HANG_UP, REASON_WAIT_S))


def _await_cause(_: CallInputs, core: CallCore, reason: int) -> None:
    del reason  # The hang-up of the channel, which exists, will say why.
    core.emit(StopTimer(Timer.RING), StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def _await_cause_of_silence(_: CallInputs, core: CallCore, reason: int) -> None:
    if reason == TIMED_OUT:
        core.ending = endings.silent_trunk()
    _await_cause(_, core, reason)


def _unanswered(_: CallInputs, core: CallCore, cause: int) -> None:
    _finish(core, endings.unanswered(core.dial_status, cause))


def _await_reason(_: CallInputs, core: CallCore, cause: int) -> None:
    core.cause = cause
    core.emit(StopTimer(Timer.RING), StartTimer(Timer.HANG_UP, REASON_WAIT_S))


def _reason_came(_: CallInputs, core: CallCore, reason: int) -> None:
    if reason == TIMED_OUT:
        _finish(core, endings.silent_trunk())
    else:
        _reason_missing(_, core)


def _reason_missing(_: CallInputs, core: CallCore) -> None:
    _finish(core, endings.unanswered(core.dial_status, core.cause))


def _ring_timed_out(_: CallInputs, core: CallCore) -> None:
    _clear(core, endings.rang_too_long(core.limits.ring_s + RING_GRACE_S))


def _abandoned(_: CallInputs, core: CallCore, cause: int) -> None:
    _finish(core, endings.caller_hung_up(cause, met_the_bot=False))


def _bot_unreachable(_: CallInputs, core: CallCore, error: str) -> None:
    _clear(core, endings.bot_unreachable(error))


def _handshake_timed_out(_: CallInputs, core: CallCore) -> None:
    _clear(core, endings.bot_unreachable(f"no handshake within {core.limits.handshake_s:g} s, twice"))


def _bot_closed(_: CallInputs, core: CallCore, code: int | None, reason: str) -> None:
    _clear(core, endings.bot_closed(code, reason))


def _caller_hung_up(_: CallInputs, core: CallCore, cause: int) -> None:
    _finish(core, endings.caller_hung_up(cause, met_the_bot=True), StopReason.CALL_ENDED)


def _media_lost(_: CallInputs, core: CallCore, silent_s: float) -> None:
    _clear(core, endings.media_lost(silent_s), StopReason.STOPPED)


def _too_long(_: CallInputs, core: CallCore) -> None:
    _clear(core, endings.too_long(core.limits.max_duration_s), StopReason.STOPPED)


def _cancel_unplaced(_: CallInputs, core: CallCore, reason: str) -> None:
    _finish(core, endings.ended_by_us(reason, answered=False))


def _cancel(_: CallInputs, core: CallCore, reason: str) -> None:
    _clear(core, endings.ended_by_us(reason, answered=False))


def _hang_up(_: CallInputs, core: CallCore, reason: str) -> None:
    _clear(core, endings.ended_by_us(reason, answered=True), StopReason.STOPPED)


def _confirmed(_: CallInputs, core: CallCore, cause: int) -> None:
    _finish(core, core.ending or endings.unanswered(core.dial_status, cause))


def _unconfirmed(_: CallInputs, core: CallCore) -> None:
    _finish(core, core.ending or endings.dead_trunk(core.dial_status))


def _release(_: CallInputs, core: CallCore) -> None:
    core.emit(ReleaseCall())


# --- The table: each state with what can happen in it -----------------------------------------------------------

new.upon(CallInputs.dial).to(queued)(_admit)
new.upon(CallInputs.arrive).to(waiting)(_admit)

queued.upon(CallInputs.admitted).to(dialling)(_originate)
queued.upon(CallInputs.refused).to(over)(_refuse_outbound)
queued.upon(CallInputs.hang_up).to(over)(_cancel_unplaced)

waiting.upon(CallInputs.admitted).to(connecting)(_bridge)
waiting.upon(CallInputs.refused).to(ending)(_refuse_inbound)
waiting.upon(CallInputs.channel_hung_up).to(over)(_abandoned)
waiting.upon(CallInputs.hang_up).to(ending)(_cancel)
waiting.upon(CallInputs.media_announced).loop().returns(None)  # of another gateway, which was quicker
waiting.upon(CallInputs.digit_pressed).loop().returns(None)

for state in (dialling, trying, ringing):
    state.upon(CallInputs.channel_answered).to(connecting)(_connect)
    state.upon(CallInputs.dial_failed).loop()(_remember_dial_status)
    state.upon(CallInputs.media_announced).loop()(_direct)
    state.upon(CallInputs.ring_timed_out).to(ending)(_ring_timed_out)
    state.upon(CallInputs.hang_up).to(ending)(_cancel)
    state.upon(CallInputs.rejected).to(over)(_rejected_outbound)
    state.upon(CallInputs.digit_pressed).loop().returns(None)

dialling.upon(CallInputs.channel_dialled).to(trying).returns(None)
dialling.upon(CallInputs.channel_ringing).to(ringing)(_ring)
dialling.upon(CallInputs.originate_failed).to(ending)(_await_channel)
dialling.upon(CallInputs.channel_hung_up).to(over)(_unanswered)
trying.upon(CallInputs.channel_dialled).loop().returns(None)
trying.upon(CallInputs.channel_ringing).to(ringing)(_ring)
trying.upon(CallInputs.originate_failed).to(ending)(_await_cause_of_silence)
trying.upon(CallInputs.channel_hung_up).to(dropped)(_await_reason)
ringing.upon(CallInputs.channel_dialled).loop().returns(None)
ringing.upon(CallInputs.channel_ringing).loop().returns(None)
ringing.upon(CallInputs.originate_failed).to(ending)(_await_cause)
ringing.upon(CallInputs.channel_hung_up).to(over)(_unanswered)

dropped.upon(CallInputs.originate_failed).to(over)(_reason_came)
dropped.upon(CallInputs.hang_up_timed_out).to(over)(_reason_missing)
dropped.upon(CallInputs.dial_failed).loop()(_remember_dial_status)

for state in (connecting, retrying):
    state.upon(CallInputs.stream_opened).to(talking)(_start)
    state.upon(CallInputs.handshake_timed_out).to(ending)(_handshake_timed_out)
    state.upon(CallInputs.channel_hung_up).to(over)(_abandoned)
    state.upon(CallInputs.digit_pressed).loop().returns(None)

connecting.upon(CallInputs.stream_failed).to(retrying)(_connect_again)
retrying.upon(CallInputs.stream_failed).to(ending)(_bot_unreachable)

talking.upon(CallInputs.digit_pressed).loop()(_send_digit)
talking.upon(CallInputs.stream_closed).to(ending)(_bot_closed)
talking.upon(CallInputs.channel_hung_up).to(over)(_caller_hung_up)

for state in (connecting, retrying, talking):
    state.upon(CallInputs.media_announced).loop()(_direct)
    state.upon(CallInputs.media_lost).to(ending)(_media_lost)
    state.upon(CallInputs.duration_reached).to(ending)(_too_long)
    state.upon(CallInputs.hang_up).to(ending)(_hang_up)
    state.upon(CallInputs.rejected).to(ending)(_rejected_inbound)
    state.upon(CallInputs.channel_dialled).loop().returns(None)
    state.upon(CallInputs.channel_ringing).loop().returns(None)
    state.upon(CallInputs.channel_answered).loop().returns(None)
    state.upon(CallInputs.dial_failed).loop().returns(None)
    state.upon(CallInputs.originate_failed).loop().returns(None)

ending.upon(CallInputs.channel_hung_up).to(over)(_confirmed)
ending.upon(CallInputs.hang_up_timed_out).to(over)(_unconfirmed)
over.upon(CallInputs.channel_hung_up).loop().returns(None)

# A place that was granted after the call had ended must be given back.
ending.upon(CallInputs.admitted).loop().returns(None)
ending.upon(CallInputs.refused).loop().returns(None)
over.upon(CallInputs.admitted).loop()(_release)
over.upon(CallInputs.refused).loop().returns(None)

ending.upon(CallInputs.dial_failed).loop()(_remember_dial_status)
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

for state in (ending, over):
    state.upon(CallInputs.stream_opened).loop().returns(None)
    state.upon(CallInputs.stream_failed).loop().returns(None)
    state.upon(CallInputs.stream_closed).loop().returns(None)
    state.upon(CallInputs.media_lost).loop().returns(None)

machine = builder.build()

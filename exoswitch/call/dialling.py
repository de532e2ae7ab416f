"""Core: what the transitions of a call do until its phone is answered: trunks, turns, attempts and how they end.

A trunk that fails before the phone rings is followed by the next one, within the same call: dialer and bot hear
nothing of it. Once a phone has rung, no other trunk is dialled. The table of `exoswitch.call.machine` says when.
"""

from attrs import evolve

from exoswitch.call import effects as fx
from exoswitch.call import endings
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.core import CallCore, DialProgress
from exoswitch.call.effects import Timer
from exoswitch.call.feeding import ENDED_UNSEEN, may_try_another
from exoswitch.call.inputs import CallInputs
from exoswitch.call.outputs import HANG_UP_WAIT_S, RING_GRACE_S, asks, clear, connect, finish, finishes, take_over
from exoswitch.call.session import CallStatus, Ending
from exoswitch.call.verdicts import AttemptEnd, End, Next, Verdict
from exoswitch.telephony.causes import HangUpCause

POST_DIAL_MOST_S = 10.0  # until an Indian mobile phone rings (spec of trunks §6); the ring time begins then
NO_CHANNEL_WAIT_S = 0.25  # events that come late; without a channel there will be none
REASON_WAIT_S = 1.0
TIMED_OUT = 3  # OriginateResponse's Reason when Asterisk has given up (Asterisk 22)
REQUEST_TERMINATED = 487  # the answer to our own CANCEL (RFC 3261 §9.2)
MADE_UP = 480  # Asterisk's TechCause when its own Timeout ended the dial (measured on 22.10)

# --- Before Asterisk knows of the call ---------------------------------------------------------------------------

choose_trunk = asks(fx.ChooseTrunk())
no_trunk = abandon = stop_choosing = asks(fx.ReleaseCall())  # the dialer is told the reason
wait_to_claim = asks(fx.WaitForTurn(to_claim=True))
wait_for_turn = asks(fx.WaitForTurn())
refuse = finishes(endings.not_placed)
cancel_undialled = finishes(endings.canceled)


def remember_trunk(_: CallInputs, core: CallCore, trunk: ChosenTrunk) -> None:
    """Remember the trunk."""
    core.trunk = trunk


def wait_again(_: CallInputs, core: CallCore, trunk: ChosenTrunk) -> None:
    """Wait for the turn of the next trunk, or for the next turn of the same."""
    core.trunk = trunk
    core.emit(fx.WaitForTurn())


def claim(_: CallInputs, core: CallCore, spent_s: float = 0.0) -> None:
    """Claim the call a little before its turn, which may pass meanwhile.

    Not long before: nobody else dials a call that was claimed by a gateway that dies before the turn.
    """
    del spent_s
    core.emit(fx.ClaimCall())


def take_turn_again(_: CallInputs, core: CallCore) -> None:
    """Take another turn in place of one that has passed."""
    core.missed_turns += 1
    core.emit(fx.TakeTurnAgain())


def originate(_: CallInputs, core: CallCore, spent_s: float = 0.0) -> None:
    """Dial; leave a silent trunk in time if another one may be tried afterwards."""
    core.attempts += 1
    core.dialled, core.ending = DialProgress(), None
    timeout_s = POST_DIAL_MOST_S + core.limits.ring_s
    core.emit(fx.Originate(timeout_s), fx.StartTimer(Timer.RING, timeout_s + RING_GRACE_S))
    if core.trunk is not None and may_try_another(core, spent_s + core.trunk.post_dial_s):
        core.emit(fx.StartTimer(Timer.POST_DIAL, core.trunk.post_dial_s))


# --- What is heard of the channel --------------------------------------------------------------------------------


def note_channel(_: CallInputs, core: CallCore) -> None:
    """Note that there is a channel, whose hang-up will tell more."""
    core.dialled.has_channel = True


def note_late_channel(_: CallInputs, core: CallCore) -> None:
    """Wait longer for the hang-up of a channel that appears after its Originate has failed."""
    note_channel(_, core)
    core.emit(fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def note_ringing(_: CallInputs, core: CallCore) -> None:
    """Note that the phone rang while its trunk was given up: no other trunk may ring it."""
    if not core.dialled.has_rung:
        core.dialled.has_rung = True
        _report_sign(core)


def note_dial_status(_: CallInputs, core: CallCore, dial_status: str) -> None:
    """Keep Asterisk's dial status for the ending."""
    core.dialled.dial_status = dial_status


def ring(_: CallInputs, core: CallCore) -> None:
    """Record that the phone rings, and let it ring as long as it may from now on."""
    core.dialled.has_rung = True
    _report_sign(core)
    core.emit(fx.RecordProgress(CallStatus.RINGING), fx.StartTimer(Timer.RING, core.limits.ring_s))


def answered(_: CallInputs, core: CallCore) -> None:
    """Connect to the bot; the trunk has done its work."""
    answered_by_phone(core)
    connect(_, core)


def answered_unseen(_: CallInputs, core: CallCore) -> None:
    """Connect to the bot, and have the audio led here again: where Asterisk listens for it was not heard."""
    answered_by_phone(core)
    take_over(core)
    connect(_, core)


def answered_by_phone(core: CallCore) -> None:
    """Tell the fleet of the trunk's work."""
    if not core.dialled.has_rung:
        _report_sign(core)
    if core.trunk is not None:
        core.emit(fx.ReportAnswer())


def _report_sign(core: CallCore) -> None:
    if core.trunk is not None:
        core.emit(fx.ReportSign())


# --- The end of an attempt: wait for all that is told of it, then judge -------------------------------------------


def give_trunk_up(_: CallInputs, core: CallCore) -> None:
    """Take the call back from a trunk that has given no sign of the phone."""
    core.dialled.how = End.SILENT
    core.emit(fx.HangUp(HangUpCause.NORMAL_CLEARING), fx.QualifyTrunk())
    core.emit(fx.StartTimer(Timer.HANG_UP, HANG_UP_WAIT_S))


def await_hang_up(_: CallInputs, core: CallCore, reason: int) -> None:
    """Wait for the hang-up of the channel, which says more than the failure of the Originate."""
    dialled = core.dialled
    _note_reason(core, reason)
    if not (dialled.has_channel or dialled.has_rung):
        if dialled.how is End.REFUSED:
            dialled.how = End.NO_CHANNEL
        core.emit(fx.QualifyTrunk())
    wait_s = HANG_UP_WAIT_S if dialled.has_channel or dialled.has_rung else NO_CHANNEL_WAIT_S
    core.emit(fx.StartTimer(Timer.HANG_UP, wait_s))


def await_reason(
    _: CallInputs, core: CallCore, cause: int, sip_status: int | None = None, by_peer: bool | None = None, /
) -> None:
    """Wait for what the Originate's answer says of a channel that is gone."""
    _note_hang_up(core, cause, sip_status, by_peer)
    core.emit(fx.StartTimer(Timer.HANG_UP, REASON_WAIT_S))


def judge_hang_up(
    _: CallInputs, core: CallCore, cause: int, sip_status: int | None = None, by_peer: bool | None = None, /
) -> None:
    """Judge an attempt whose channel is gone."""
    _note_hang_up(core, cause, sip_status, by_peer)
    core.emit(fx.JudgeAttempt())


def judge_reason(_: CallInputs, core: CallCore, reason: int) -> None:
    """Judge an attempt of which all is known."""
    _note_reason(core, reason)
    core.emit(fx.JudgeAttempt())


def judge(_: CallInputs, core: CallCore) -> None:
    """Judge an attempt of which nothing more is heard."""
    core.emit(fx.JudgeAttempt())


def _note_reason(core: CallCore, reason: int) -> None:
    dialled = core.dialled
    if reason == TIMED_OUT and dialled.how is End.REFUSED:
        dialled.how = End.RANG_OUT if dialled.has_rung else End.SILENT
        if not dialled.has_rung:
            core.emit(fx.QualifyTrunk())


def _note_hang_up(core: CallCore, cause: int, sip_status: int | None, by_peer: bool | None) -> None:
    dialled = core.dialled
    dialled.cause, dialled.sip_status = cause, sip_status
    if cause == ENDED_UNSEEN and by_peer is None:
        dialled.how = End.UNSEEN
    elif by_peer and sip_status not in {None, REQUEST_TERMINATED}:
        dialled.how = End.REFUSED
    elif dialled.how is End.NO_CHANNEL:
        dialled.how = End.REFUSED  # There was a channel.
    elif dialled.how is End.REFUSED and sip_status == MADE_UP and by_peer is False:
        dialled.how = End.RANG_OUT if dialled.has_rung else End.SILENT


# --- After the judgement -----------------------------------------------------------------------------------------


def try_no_other(_: CallInputs, core: CallCore, reason: str) -> None:
    """Let the call end with its attempt."""
    del reason
    core.may_fail_over = False


def fail_over(_: CallInputs, core: CallCore, end: AttemptEnd, verdict: Verdict) -> None:
    """Ask for another trunk; the dialer and the bot hear nothing of it."""
    core.ending = how = endings.attempt_failed(end, verdict.status, core.trunk)
    core.failures.append(how.reason)
    if verdict.next_trunk is Next.ONCE:
        core.told_of_phone = how
    core.emit(fx.EndAttempt(how, end, verdict), fx.ChooseTrunk())


def give_up(_: CallInputs, core: CallCore, end: AttemptEnd, verdict: Verdict) -> None:
    """End the call with its attempt."""
    how = endings.attempt_failed(end, verdict.status, core.trunk)
    core.emit(fx.EndAttempt(how, end, verdict))
    if verdict.next_trunk is Next.YES:
        how = _as_told_of_phone(core, how)
    finish(core, endings.after_failures(how, core.failures))


def out_of_trunks(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call for which there is no other trunk, or no other turn."""
    if core.ending is None:
        finish(core, endings.not_placed(reason))
    else:
        how = _as_told_of_phone(core, core.ending)
        told = evolve(how, reason=f"{how.reason}; no other trunk: {reason}")
        finish(core, endings.after_failures(told, core.failures[:-1]))


def _as_told_of_phone(core: CallCore, how: Ending) -> Ending:
    """Prefer the answer that told something about the phone to the failure of a trunk."""
    told = core.told_of_phone
    return how if told is None else evolve(how, status=told.status, cause=told.cause)


# --- Endings of an attempt that is not judged --------------------------------------------------------------------


def cancel(_: CallInputs, core: CallCore, reason: str) -> None:
    """Hang up a call that is not answered yet, by request or because this gateway stops."""
    _end_attempt(core, endings.canceled(reason))


def rang_out(_: CallInputs, core: CallCore) -> None:
    """End a call whose phone has rung as long as it may."""
    _end_attempt(core, endings.rang_out(core.limits.ring_s))


def ring_timed_out(_: CallInputs, core: CallCore) -> None:
    """End a call of which Asterisk says neither good nor bad."""
    _end_attempt(core, endings.rang_too_long(POST_DIAL_MOST_S + core.limits.ring_s + RING_GRACE_S))


def not_taken_back(_: CallInputs, core: CallCore) -> None:
    """End a call that a silent trunk may still have: another trunk could ring the phone twice."""
    how = endings.silent_trunk(core.trunk)
    core.emit(fx.EndAttempt(how))
    finish(core, endings.after_failures(how, core.failures))


def rejected(_: CallInputs, core: CallCore, reason: str) -> None:
    """End a call that Asterisk would not dial, or whose ringing phone it would not lead here."""
    # The Originate may have arrived although its answer did not.
    core.emit(fx.HangUp(HangUpCause.NORMAL_CLEARING, core.is_led_away))
    how = endings.refused_by_asterisk(reason)
    core.emit(fx.EndAttempt(how))
    finish(core, endings.after_failures(how, core.failures))


def _end_attempt(core: CallCore, how: Ending) -> None:
    core.emit(fx.EndAttempt(how))
    clear(core, endings.after_failures(how, core.failures))

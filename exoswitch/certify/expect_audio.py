"""Core: expectations of a bot's audio: the caller hears it, can interrupt it, and hears no other call."""

from collections.abc import Sequence

from exoswitch.audio.frames import FRAME_MS
from exoswitch.certify.cues import is_talking
from exoswitch.certify.scenario import Terms
from exoswitch.certify.tape import WORD_TICKS, Tape
from exoswitch.certify.verdict import Finding, failed, noted, passed

SPEECH = "speech"
INTERRUPTION = "interruption"

CLEAR_S = 1.0
HUSH_MS = 40
_JUST_BEFORE_S = 0.2
_OVERDUE_S = 0.5
_BABBLE = "the default caller says no real words: let it ask a question with --wav FILE"
_SILENT = "if the bot only listens, use --expect-no-audio"
_OURS = "this is a fault of exoswitch, not of the bot: please report it"


def is_heard(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """The bot answers the caller."""
    findings = []
    for tape in tapes:
        since = tape.stage_began(SPEECH)
        if since is None:
            continue  # another expectation reports the missing connection
        prefix = f"{tape.label}: " if tape.label else ""
        expected = f"{prefix}answers a question within {terms.answer_s:g} s"
        heard_at = tape.first_audible(since)
        if heard_at is None or tape.audible_ticks(since) < WORD_TICKS:
            findings.append(_unheard(tape, expected, terms))
        else:
            findings.append(passed(expected, _when(tape, since, heard_at)))
    return findings


def _unheard(tape: Tape, expected: str, terms: Terms) -> Finding:
    seen = "no audio" if not tape.said.media else f"media, but less than {WORD_TICKS * FRAME_MS} ms of sound"
    if terms.is_silent:
        return noted(expected, seen, "as expected with --expect-no-audio")
    return failed(expected, seen, f"{_BABBLE}; {_SILENT}" if terms.is_babble else _SILENT)


def _when(tape: Tape, since: float, heard_at: float) -> str:
    if tape.audible_ticks(since - _JUST_BEFORE_S, since):
        return "the bot was already talking, and continued"
    finished = _end_of(tape, SPEECH)
    if heard_at < finished:
        return f"{1000 * (heard_at - since):.0f} ms after the start of the question"
    return f"{1000 * (heard_at - finished):.0f} ms after the end of the question"


def _end_of(tape: Tape, stage: str) -> float:
    began = tape.stage_began(stage) or 0.0
    return min((at for _, at in tape.stages if at > began), default=tape.hung_up_at or float("inf"))


def reaches_the_phone(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """The bot's audio reaches the caller through a bad network."""
    if terms.is_silent:
        return []
    ticks = tapes[0].heard_at_phone
    judged = passed if ticks >= WORD_TICKS else failed
    return [judged("the caller hears the bot", f"{ticks * FRAME_MS / 1000:.1f} s of sound reached the phone")]


def gives_way(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The bot sends `clear` when the caller interrupts it."""
    expected, tape = f"sends clear within {CLEAR_S:g} s of an interruption", tapes[0]
    at = tape.stage_began(INTERRUPTION)
    if at is None or not is_talking(tape, at):
        return [noted(expected, "the bot did not talk, so the caller could not interrupt it")]
    cleared_at = next((when for when in tape.clears if when >= at), None)
    if cleared_at is None:
        seen = f"no clear; the bot talked for {tape.audible_ticks(at) * FRAME_MS / 1000:.1f} s more"
        return [noted(expected, seen, "callers cannot interrupt this bot: send clear when the caller speaks")]
    after_ms = 1000 * (cleared_at - at)
    seen = f"clear after {after_ms:.0f} ms"
    if after_ms > 1000 * CLEAR_S:
        return [noted(expected, seen, "caller and bot talk at the same time until then: send clear sooner")]
    return [passed(expected, seen)]


def is_hushed(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The line is silent directly after `clear`. The gateway does this, not the bot."""
    expected, ticks = f"the line is silent within {HUSH_MS} ms of clear", tapes[0].hushed_after_ticks
    if not ticks:
        return []
    seen = f"silent within {max(ticks) * FRAME_MS + FRAME_MS} ms"
    return [passed(expected, seen) if max(ticks) * FRAME_MS < HUSH_MS else failed(expected, seen, _OURS)]


def marks_return(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """Each mark comes back after the audio before it was played."""
    expected, tape = "each mark comes back after its audio", tapes[0]
    if not tape.marks:
        return [noted(expected, "the bot sent no mark", "a mark tells the bot that the caller has heard its audio")]
    back = [mark.back_at - mark.at for mark in tape.marks if mark.back_at is not None]
    if not back:
        seen = f"0 of {len(tape.marks)} came back; {tape.queued_ms / 1000:.1f} s of audio were still in the queue"
        return [noted(expected, seen) if tape.queued_ms else failed(expected, seen, _OURS)]
    seen = f"{len(back)} came back, {1000 * min(back):.0f} to {1000 * max(back):.0f} ms later"
    if not tape.marks_pending:
        return [passed(expected, seen)]
    seen += f"; {tape.marks_pending} still waited for their audio"
    return [failed(expected, seen, _OURS) if _is_overdue(tape) else passed(expected, seen)]


def _is_overdue(tape: Tape) -> bool:
    """Whether a mark did not go back although the queue was empty."""
    end = tape.hung_up_at or tape.closed_at or 0.0
    return not tape.queued_ms and any(mark.back_at is None and mark.at < end - _OVERDUE_S for mark in tape.marks)


def all_are_heard(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """In calls at the same time the bot talks to each caller."""
    heard = sum(tape.audible_ticks(0.0) >= WORD_TICKS for tape in tapes)
    judged = passed if heard == len(tapes) else noted if terms.is_silent else failed
    return [judged("talks to each caller", f"{heard} of {len(tapes)} callers heard the bot")]


def nobody_hears_another(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """No call gets the audio or the stream_sid of another call."""
    expected, advice = "keeps the calls apart", "keep the state of each WebSocket connection separate"
    sids = {tape.stream_sid for tape in tapes}
    mixed = sum(bool(tape.said.other_sids & sids) for tape in tapes)
    everybody = set[bytes]().union(*(tape.spoken for tape in tapes))
    leaking = sum(bool(tape.returned & (everybody - tape.spoken)) for tape in tapes)
    if leaking:
        return [failed(expected, f"{leaking} callers heard the words of another caller", advice)]
    if mixed:
        return [failed(expected, f"{mixed} calls got messages with the stream_sid of another call", advice)]
    return [passed(expected, "no call got the audio or the stream_sid of another")]

"""Core: what is expected of a bot's audio: that it is heard, gives way, and is the right caller's."""

from collections.abc import Sequence

from exoswitch.audio.frames import FRAME_MS
from exoswitch.certify.cues import is_talking
from exoswitch.certify.scenario import Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding, failed, noted, passed

SPEECH = "speech"
INTERRUPTION = "interruption"

CLEAR_S = 1.0
HUSH_MS = 40
_WORD_TICKS = 5
_JUST_BEFORE_S = 0.2
_OVERDUE_S = 0.5
_BABBLE = "the caller's babble is no language: let it ask something with --wav FILE"
_SILENT = "a bot that never speaks is certified with --expect-no-audio"


def is_heard(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """The bot answers the caller's words."""
    findings = []
    for tape in tapes:
        since = tape.stage_began(SPEECH)
        if since is None:
            continue  # that there was no connection for long enough is another finding's matter
        prefix = f"{tape.label}: " if tape.label else ""
        expected = f"{prefix}answers within {terms.answer_s:g} s of being asked"
        heard_at = tape.first_audible(since)
        if heard_at is None or tape.audible_ticks(since) < _WORD_TICKS:
            findings.append(_unheard(tape, expected, terms))
        else:
            findings.append(passed(expected, _when(tape, since, heard_at)))
    return findings


def _unheard(tape: Tape, expected: str, terms: Terms) -> Finding:
    seen = "no audio" if not tape.said.media else "media came, but not a word in it"
    if terms.is_silent:
        return noted(expected, seen, "as expected with --expect-no-audio")
    return failed(expected, seen, f"{_BABBLE}; {_SILENT}" if terms.is_babble else _SILENT)


def _when(tape: Tape, since: float, heard_at: float) -> str:
    if tape.audible_ticks(since - _JUST_BEFORE_S, since):
        return "it was talking already, and talked on"
    finished = _end_of(tape, SPEECH)
    if heard_at < finished:
        return f"{1000 * (heard_at - since):.0f} ms after the caller began"
    return f"{1000 * (heard_at - finished):.0f} ms after the caller had finished"


def _end_of(tape: Tape, stage: str) -> float:
    began = tape.stage_began(stage) or 0.0
    return min((at for _, at in tape.stages if at > began), default=tape.hung_up_at or float("inf"))


def reaches_the_phone(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """What the bot says comes out at the caller's end of a bad network."""
    if terms.is_silent:
        return []
    expected = "the caller hears the bot through it"
    ticks = tapes[0].heard_at_phone
    seen = f"{ticks * FRAME_MS / 1000:.1f} s of sound reached the phone"
    if ticks < _WORD_TICKS:
        return [failed(expected, seen)]
    return [passed(expected, seen)]


def gives_way(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """A bot that is interrupted sends `clear`."""
    expected, tape = f"sends clear within {CLEAR_S:g} s of being interrupted", tapes[0]
    at = tape.stage_began(INTERRUPTION)
    if at is None or not is_talking(tape, at):
        return [noted(expected, "the bot did not talk, so it could not be interrupted")]
    cleared_at = next((when for when in tape.clears if when >= at), None)
    if cleared_at is None:
        went_on = tape.audible_ticks(at) * FRAME_MS / 1000
        return [
            noted(expected, f"no clear; the bot talked on for {went_on:.1f} s", "callers cannot interrupt this bot")
        ]
    after_ms = 1000 * (cleared_at - at)
    if after_ms > 1000 * CLEAR_S:
        return [noted(expected, f"after {after_ms:.0f} ms", "the caller and the bot talk at once until then")]
    return [passed(expected, f"after {after_ms:.0f} ms")]


def is_hushed(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """After a `clear` the line is silent at once; this is the gateway's part, and counted in its ticks."""
    expected, ticks = f"the line is silent within {HUSH_MS} ms of clear", tapes[0].hushed_after_ticks
    if not ticks:
        return []
    seen = f"within {max(ticks) * FRAME_MS + FRAME_MS} ms"
    return [(passed if max(ticks) * FRAME_MS < HUSH_MS else failed)(expected, seen)]


def marks_return(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """Each mark comes back once the audio before it was played."""
    expected, tape = "each mark comes back once it was played", tapes[0]
    if not tape.marks:
        return [noted(expected, "the bot sent no mark", "with marks a bot knows what the caller has heard")]
    back = [mark.back_at - mark.at for mark in tape.marks if mark.back_at is not None]
    if not back:
        seen = f"none of {len(tape.marks)} did; {tape.queued_ms / 1000:.1f} s of audio were still to be played"
        return [(noted if tape.queued_ms else failed)(expected, seen)]
    seen = f"{len(back)} did, {1000 * min(back):.0f} to {1000 * max(back):.0f} ms later"
    if not tape.marks_pending:
        return [passed(expected, seen)]
    seen += f"; {tape.marks_pending} had not yet been reached"
    return [failed(expected, seen) if _is_overdue(tape) else passed(expected, seen)]


def _is_overdue(tape: Tape) -> bool:
    """Whether a mark was not sent back although nothing was to be played before it."""
    end = tape.hung_up_at or tape.closed_at or 0.0
    return not tape.queued_ms and any(mark.back_at is None and mark.at < end - _OVERDUE_S for mark in tape.marks)


def all_are_heard(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """Of calls at the same moment, each caller is spoken to."""
    expected = "each caller is spoken to"
    heard = [tape for tape in tapes if tape.audible_ticks(0.0) >= _WORD_TICKS]
    seen = f"{len(heard)} of {len(tapes)} were"
    if len(heard) == len(tapes):
        return [passed(expected, seen)]
    return [noted(expected, seen) if terms.is_silent else failed(expected, seen)]


def nobody_hears_another(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """No caller gets what belongs to another call: neither its audio nor its stream's SID."""
    expected = "nobody hears another caller"
    sids = {tape.stream_sid for tape in tapes}
    mixed = sum(bool(tape.said.other_sids & sids) for tape in tapes)
    everybody = set[bytes]().union(*(tape.spoken for tape in tapes))
    leaking = sum(bool(tape.returned & (everybody - tape.spoken)) for tape in tapes)
    if leaking:
        return [failed(expected, f"{leaking} callers heard what another one had said")]
    if mixed:
        return [failed(expected, f"in {mixed} calls the bot named the stream_sid of another one")]
    return [passed(expected, "neither audio nor SIDs were mixed up")]

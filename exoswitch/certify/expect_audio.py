"""Core: expectations of a bot's audio: it answers the caller, at the right speed, and reaches no other call."""

from collections.abc import Sequence
from statistics import median

from exoswitch.audio.frames import FRAME_MS
from exoswitch.certify.hearing import VOICE_TICKS, WORD_TICKS
from exoswitch.certify.scenario import Expectation, Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import OURS, Finding, Verdict, failed, noted, passed

SPEECH = "speech"
_LOWER, _HIGHER = 0.7, 1.4  # more than the same voice differs, less than a wrong rate makes
_JUST_BEFORE_S = 0.2
_OVERDUE_S = 0.5
_BABBLE = "the default caller says no real words: let it ask a question with --wav FILE"
_NO_PAUSE = "an answer cannot be told from talk without a pause"
_SILENT = "if the bot only listens, use --expect-no-audio"


def answers(missing: Verdict = Verdict.FAIL, advice: str = "") -> Expectation:
    """The bot answers the caller's question. If it does not, the verdict is `missing`."""

    def judge(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
        asked = [(tape, at) for tape in tapes if (at := tape.stage_began(SPEECH)) is not None]
        return [_answer(tape, at, terms, missing, advice) for tape, at in asked]

    return judge


def _answer(tape: Tape, asked_at: float, terms: Terms, missing: Verdict, advice: str) -> Finding:
    prefix = f"{tape.label}: " if tape.label else ""
    expected = f"{prefix}answers a question within {terms.answer_s:g} s"
    heard_at = tape.first_audible(asked_at)
    if heard_at is None or tape.audible_ticks(asked_at) < WORD_TICKS:
        if terms.is_silent:
            return passed(f"{prefix}need not answer (--expect-no-audio)", _what_was_heard(tape, asked_at))
        remedy = f"{_BABBLE}; {_SILENT}" if terms.is_babble else _SILENT
        return Finding(missing, expected, _what_was_heard(tape, asked_at), advice or remedy)
    if tape.audible_ticks(asked_at - _JUST_BEFORE_S, asked_at):
        return noted(expected, "the bot was already talking, and continued", _NO_PAUSE)
    return passed(expected, _when(tape, asked_at, heard_at))


def _what_was_heard(tape: Tape, asked_at: float) -> str:
    before_ms = tape.audible_ticks(0.0, asked_at) * FRAME_MS
    if before_ms:
        return f"{before_ms / 1000:.1f} s of sound before the question, and no answer"
    return "no audio" if not tape.said.media else f"media, but less than {WORD_TICKS * FRAME_MS} ms of sound"


def _when(tape: Tape, since: float, heard_at: float) -> str:
    finished = _end_of(tape, SPEECH)
    if heard_at < finished:
        return f"{1000 * (heard_at - since):.0f} ms after the start of the question"
    return f"{1000 * (heard_at - finished):.0f} ms after the end of the question"


def _end_of(tape: Tape, stage: str) -> float:
    began = tape.stage_began(stage) or 0.0
    return min((at for _, at in tape.stages if at > began), default=tape.hung_up_at or float("inf"))


def keeps_its_pitch(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The bot sounds the same in two calls at different sample rates. If not, it sends audio of another rate."""
    usual, other = tapes
    if min(len(usual.pitches), len(other.pitches)) < VOICE_TICKS:
        return []
    expected = "its voice has the same pitch at both rates"
    ratio = median(other.pitches) / max(median(usual.pitches), 1)
    if _LOWER < ratio < _HIGHER:
        return [passed(expected, f"{ratio:.1f} times the pitch at the usual rate")]
    seen = f"{ratio:.1f} times the pitch: the bot sends audio of another rate"
    return [noted(expected, seen, "send audio of the rate in start.media_format.sample_rate")]


def reaches_the_phone(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """The bot's audio reaches the caller through a bad network."""
    if terms.is_silent or tapes[0].opened_at is None:
        return []
    ticks = tapes[0].heard_at_phone
    judged = passed if ticks >= WORD_TICKS else failed
    return [judged("the caller hears the bot", f"{ticks * FRAME_MS / 1000:.1f} s of sound reached the phone")]


def marks_return(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """Each mark comes back after the audio before it was played."""
    expected, tape = "each mark comes back after its audio", tapes[0]
    if tape.opened_at is None:
        return []  # `stays` reports the missing connection
    if not tape.marks:
        return [noted(expected, "the bot sent no mark", "a mark tells the bot that the caller has heard its audio")]
    back = [mark.back_at - mark.at for mark in tape.marks if mark.back_at is not None]
    if not back:
        seen = f"0 of {len(tape.marks)} came back; {tape.queued_ms / 1000:.1f} s of audio were still in the queue"
        return [noted(expected, seen) if tape.queued_ms else failed(expected, seen, OURS)]
    seen = f"{len(back)} came back, {1000 * min(back):.0f} to {1000 * max(back):.0f} ms later"
    if not tape.marks_pending:
        return [passed(expected, seen)]
    seen += f"; {tape.marks_pending} still waited for their audio"
    return [failed(expected, seen, OURS) if _is_overdue(tape) else passed(expected, seen)]


def _is_overdue(tape: Tape) -> bool:
    """Whether a mark did not go back although the queue was empty."""
    end = tape.hung_up_at or tape.closed_at or 0.0
    return not tape.queued_ms and any(mark.back_at is None and mark.at < end - _OVERDUE_S for mark in tape.marks)


def all_are_heard(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """In calls at the same time the bot talks to each caller."""
    if terms.is_silent:
        return []
    heard = sum(tape.audible_ticks(0.0) >= WORD_TICKS for tape in tapes)
    judged = passed if heard == len(tapes) else failed
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

"""Core: what a caller waits for before doing the next thing."""

from exoswitch.audio.frames import FRAME_S
from exoswitch.certify.scenario import Cue
from exoswitch.certify.tape import Tape

_WORD_TICKS = 5  # 100 ms of sound are a word, and no click
_TALK_TICKS = 10
_RECENT_S = 0.4
_PAUSE_S = 1.5  # longer than any pause within a sentence
_STILL_S = 0.5


def answered_since(stage: str) -> Cue:
    """Wait until a word of the bot's was heard since a stage began."""

    def has_answered(tape: Tape, _now: float) -> bool:
        since = tape.stage_began(stage)
        return since is not None and tape.audible_ticks(since) >= _WORD_TICKS

    return has_answered


def is_talking(tape: Tape, now: float) -> bool:
    """Wait until the bot is in the middle of a sentence."""
    return tape.audible_ticks(now - _RECENT_S) >= _TALK_TICKS


def pauses(tape: Tape, now: float) -> bool:
    """Wait until the bot has said its greeting, if it has any, and leaves the caller room to speak."""
    since = tape.opened_at
    return since is not None and now - since >= _PAUSE_S - FRAME_S / 2 and not tape.audible_ticks(now - _PAUSE_S)


def marks_are_back_or_none_came(tape: Tape, now: float) -> bool:
    """Wait until all marks of the bot's went back, and a moment more; for a bot that sends none, just a moment."""
    since = tape.stages[-1][1] if tape.stages else now
    latest = max((mark.back_at or now for mark in tape.marks), default=since)
    return now - max(latest, since) >= _STILL_S

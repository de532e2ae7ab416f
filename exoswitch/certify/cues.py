"""Core: cues: conditions on the tape that end a stage of a caller."""

from exoswitch.audio.frames import FRAME_S
from exoswitch.certify.scenario import Cue
from exoswitch.certify.tape import WORD_TICKS, Tape

_TALK_TICKS = 10
_RECENT_S = 0.4
_PAUSE_S = 1.5  # longer than any pause within a sentence
_STILL_S = 0.5


def answered_since(stage: str) -> Cue:
    """The bot has said a word since a stage began."""

    def has_answered(tape: Tape, _now: float) -> bool:
        since = tape.stage_began(stage)
        return since is not None and tape.audible_ticks(since) >= WORD_TICKS

    return has_answered


def is_talking(tape: Tape, now: float) -> bool:
    """The bot is in the middle of a sentence."""
    return tape.audible_ticks(now - _RECENT_S) >= _TALK_TICKS


def pauses(tape: Tape, now: float) -> bool:
    """The bot has finished its greeting, if it has one."""
    since = tape.opened_at
    return since is not None and now - since >= _PAUSE_S - FRAME_S / 2 and not tape.audible_ticks(now - _PAUSE_S)


def marks_are_back_or_none_came(tape: Tape, now: float) -> bool:
    """All marks went back `_STILL_S` ago. A bot without marks gets `_STILL_S` from the start of the stage."""
    since = tape.stages[-1][1] if tape.stages else now
    latest = max((mark.back_at or now for mark in tape.marks), default=since)
    return now - max(latest, since) >= _STILL_S

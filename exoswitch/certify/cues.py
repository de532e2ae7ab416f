"""Core: cues: conditions on the tape that end a stage of a caller."""

from exoswitch.audio.frames import FRAME_S
from exoswitch.certify import interruption
from exoswitch.certify.hearing import VOICE_TICKS, WORD_TICKS
from exoswitch.certify.scenario import Cue
from exoswitch.certify.tape import Tape

_PAUSE_S = 1.5  # longer than any pause within a sentence
_STILL_S = 0.5


def either(*cues: Cue) -> Cue:
    """One of these cues has come."""
    return lambda tape, now: any(cue(tape, now) for cue in cues)


def answered_since(stage: str) -> Cue:
    """The bot has said a word since a stage began."""

    def has_answered(tape: Tape, _now: float) -> bool:
        since = tape.stage_began(stage)
        return since is not None and tape.audible_ticks(since) >= WORD_TICKS

    return has_answered


def is_talking(tape: Tape, now: float) -> bool:
    """The bot is in the middle of a sentence."""
    return interruption.is_talking(tape, now)


def gave_way(tape: Tape, now: float) -> bool:
    """The bot has reacted to an interruption."""
    return any(one.gave_way for one in interruption.interruptions(tape, now))


def is_not_interrupted(tape: Tape, _now: float) -> bool:
    """The bot was silent when the caller last tried to interrupt it."""
    tried = [at for name, at in tape.stages if name == interruption.INTERRUPTION]
    return not interruption.is_talking(tape, tried[-1])


def sounded_long_enough(tape: Tape, _now: float) -> bool:
    """The bot has said so much that its voice can be judged."""
    return len(tape.pitches) >= VOICE_TICKS


def pauses(tape: Tape, now: float) -> bool:
    """The bot has finished its greeting, or does not greet."""
    since = tape.opened_at
    if since is None:
        return False
    wait_s = _PAUSE_S if tape.audible_at else tape.greeting_due_s
    return now - since >= wait_s - FRAME_S / 2 and not tape.audible_ticks(now - _PAUSE_S)


def marks_are_back_or_none_came(tape: Tape, now: float) -> bool:
    """All marks went back `_STILL_S` ago. A bot without marks gets `_STILL_S` from the start of the stage."""
    since = tape.stages[-1][1] if tape.stages else now
    latest = max((mark.back_at or now for mark in tape.marks), default=since)
    return now - max(latest, since) >= _STILL_S

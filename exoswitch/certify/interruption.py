"""Core: interruptions on a tape: whether the bot was talking, and how it gave way."""

from itertools import pairwise

from attrs import frozen

from exoswitch.audio.frames import FRAME_S
from exoswitch.certify.tape import Tape

INTERRUPTION = "interruption"
"""The name of the stages in which the caller interrupts the bot."""

SOON_S = 1.0
"""A caller who is interrupted for longer than this talks at the same time as the bot."""

_RECENT_S = 0.4
_TALK_TICKS = 10
_SILENCE_S = 0.4  # longer than the gaps between words


@frozen
class Interruption:
    """One interruption of a bot that talked; the times are seconds after the caller began to speak.

    `cleared_s` is the time of the bot's `clear`, if it sent one. `quiet_s` is the time when the bot became silent, if
    it did. It `was_sending` if media came in between; otherwise its audio may have ended by itself.
    """

    at: float
    cleared_s: float | None
    quiet_s: float | None
    was_sending: bool

    @property
    def stopped_soon(self) -> bool:
        """Whether the bot stopped sending, so that no `clear` was needed."""
        return self.was_sending and self.quiet_s is not None and self.quiet_s <= SOON_S

    @property
    def gave_way(self) -> bool:
        """Whether the bot reacted to the caller."""
        return self.cleared_s is not None or self.stopped_soon


def is_talking(tape: Tape, at: float) -> bool:
    """Whether the bot was in the middle of a sentence."""
    return tape.audible_ticks(at - _RECENT_S, at + FRAME_S / 2) >= _TALK_TICKS


def interruptions(tape: Tape, now: float) -> list[Interruption]:
    """Give the interruptions so far, in order."""
    begun = [at for name, at in tape.stages if name == INTERRUPTION]
    spans = pairwise([*begun, now])
    return [_interruption(tape, at, end) for at, end in spans if is_talking(tape, at)]


def _interruption(tape: Tape, at: float, end: float) -> Interruption:
    cleared_at = next((when for when in tape.clears if at <= when <= end), None)
    quiet_at = _silence_since(tape, at, end)
    was_sending = any(at < when <= (quiet_at or end) for when in tape.media_at)
    return Interruption(
        at,
        None if cleared_at is None else cleared_at - at,
        None if quiet_at is None else quiet_at - at,
        was_sending,
    )


def _silence_since(tape: Tape, at: float, end: float) -> float | None:
    """Give the beginning of the bot's first silence after `at`, if there is one before `end`."""
    last = at
    for heard_at in (*(when for when in tape.audible_at if at < when <= end), end):
        if heard_at - last >= _SILENCE_S:
            return last
        last = heard_at
    return None

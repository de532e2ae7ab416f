"""Core: how long a caller waits for the bot's greeting, learned from earlier calls of the run."""

from collections.abc import Iterable

from exoswitch.certify.tape import Tape

_UNKNOWN_S = 4.0
"""Users report greetings that begin 4 s after the start (spec §8)."""

_SILENT_S = 1.5  # for a bot that did not greet a caller who listened for `_UNKNOWN_S`
_LATER_S = 2.0  # a greeting can begin so much later than in the earlier calls


def greeting_due_s(tapes: Iterable[Tape]) -> float:
    """Give the time in which a greeting begins, from the start of a call."""
    known = [tape for tape in tapes if tape.opened_at is not None and tape.closed_at is not None]
    greetings = [after_s for tape in known if (after_s := tape.greeted_after_s) is not None]
    if greetings:
        return max(greetings) + _LATER_S
    listened_s = max((tape.listened_s for tape in known), default=0.0)
    return _SILENT_S if listened_s >= _UNKNOWN_S else _UNKNOWN_S

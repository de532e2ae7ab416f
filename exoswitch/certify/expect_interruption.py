"""Core: expectations of a bot that the caller interrupts: it stops talking, and the line is silent after `clear`."""

from collections.abc import Sequence

from exoswitch.audio.frames import FRAME_MS
from exoswitch.certify.interruption import SOON_S, Interruption, interruptions
from exoswitch.certify.scenario import Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import OURS, Finding, failed, noted, passed

HUSH_MS = 40
_EXPECTED = f"stops talking within {SOON_S:g} s of an interruption"


def gives_way(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The bot stops talking when the caller interrupts its greeting or its answer."""
    tape = tapes[0]
    if tape.opened_at is None:
        return []  # `stays` reports the missing connection
    tried = interruptions(tape, tape.closed_at or float("inf"))
    if not tried:
        return [noted(_EXPECTED, "the bot did not talk, so the caller could not interrupt it")]
    stopped = [one for one in tried if one.stopped_soon and one.cleared_s is None]
    cleared = sorted(one.cleared_s for one in tried if one.cleared_s is not None)
    if cleared and cleared[0] <= SOON_S:
        return [passed(_EXPECTED, f"clear after {1000 * cleared[0]:.0f} ms")]
    if stopped:
        return [passed(_EXPECTED, f"silent after {1000 * (stopped[0].quiet_s or 0):.0f} ms, without clear")]
    if cleared:
        advice = "caller and bot talk at the same time until then: send clear sooner"
        return [noted(_EXPECTED, f"clear after {1000 * cleared[0]:.0f} ms", advice)]
    return [_talks_on(tape, tried[-1])]


def _talks_on(tape: Tape, last: Interruption) -> Finding:
    if last.quiet_s is not None and last.quiet_s <= SOON_S:
        seen = f"no clear; the audio that was already sent ended {last.quiet_s:.1f} s later"
        return noted(_EXPECTED, seen, "without clear the caller hears all audio that was sent: send clear")
    seen = f"no clear; the bot talked for {tape.audible_ticks(last.at) * FRAME_MS / 1000:.1f} s more"
    return noted(_EXPECTED, seen, "callers cannot interrupt this bot: send clear when the caller speaks")


def is_hushed(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The line is silent directly after `clear`. The gateway does this, not the bot."""
    expected, ticks = f"the line is silent within {HUSH_MS} ms of clear", tapes[0].hushed_after_ticks
    if not ticks:
        return []
    seen = f"silent within {max(ticks) * FRAME_MS + FRAME_MS} ms"
    return [passed(expected, seen) if max(ticks) * FRAME_MS < HUSH_MS else failed(expected, seen, OURS)]

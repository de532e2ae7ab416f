"""Core: what is expected of a bot's connection: accepted in time, refused to strangers, kept, and closed."""

import re
from collections.abc import Sequence

from exoswitch.certify.scenario import Expectation, Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding, Verdict, failed, noted, passed
from exoswitch.sim.latency import quantile

SLOW_HANDSHAKE_S = 1.0
"""A user reports trouble with Exotel from about here on, though it waits for 10 s (spec §1)."""

CLOSE_S = 2.0
_NORMAL_CLOSURE = 1000  # RFC 6455 §7.4.1
_PREAMBLE = "3009 failed to establish ws conn: "  # Exotel's words, and no news to the reader of a table
_REFUSALS = ("401", "403")
_UPGRADE_FAILED = re.compile(r"WebSocket connection upgrade failed \[(\d{3})\].*")  # autobahn's words


def why_not(tape: Tape) -> str:
    """Say why there was no connection."""
    error = _UPGRADE_FAILED.sub(r"refused with HTTP \1", tape.error.removeprefix(_PREAMBLE))
    return error or "no connection"


def accepts_in_time(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """The handshake succeeds, soon."""
    expected, tape = f"accepts the call within {terms.handshake_s:g} s", tapes[0]
    if tape.opened_at is None:
        return [failed(expected, why_not(tape), "Exotel tries once more, and then the call goes on without the bot")]
    took_s = tape.opened_at - tape.began_at
    if took_s > SLOW_HANDSHAKE_S:
        return [noted(expected, f"after {took_s:.1f} s", "there are reports of Exotel failing from 1 s on")]
    return [passed(expected, f"after {1000 * took_s:.0f} ms")]


def refuses(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """Whoever does not know the password is turned away."""
    findings = []
    for tape in tapes:
        expected = f"refuses a call {tape.label}"
        if tape.opened_at is not None:
            findings.append(
                noted(expected, "accepted", "anybody can call this bot, although its URL has credentials")
            )
        elif any(status in tape.error for status in _REFUSALS):
            findings.append(passed(expected, f"refused with {_status(tape.error)}"))
        else:
            findings.append(noted(expected, why_not(tape), "a bot that refuses answers 401"))
    return findings


def _status(error: str) -> str:
    return next(status for status in _REFUSALS if status in error)


def stays(
    doing: str, *, gone: Verdict = Verdict.FAIL, advice: str = "", may_finish: bool = False, tacit: bool = False
) -> Expectation:
    """The connection lasts until the caller hangs up; it is `gone` otherwise.

    A bot that `may_finish` says goodbye if it closes with 1000; that is only noted. Where it is `tacit`, nothing is
    said of a connection that lasted.
    """

    def judge(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
        gone_ones = [tape for tape in tapes if tape.opened_at is None or tape.ended_by_bot]
        if not gone_ones:
            if tacit:
                return []
            labels = ", ".join(tape.label for tape in tapes if tape.label)
            return [passed(f"stays connected {doing}", labels or "connected to the end")]
        findings = []
        for tape in gone_ones:
            finished = may_finish and tape.code == _NORMAL_CLOSURE
            expected = f"stays connected {doing}" + (f" ({tape.label})" if tape.label else "")
            findings.append(Finding(Verdict.NOTE if finished else gone, expected, how_it_ended(tape), advice))
        return findings

    return judge


def how_it_ended(tape: Tape) -> str:
    """Say how the bot ended a call, or that it never began."""
    if tape.opened_at is None:
        return why_not(tape)
    after_s = (tape.closed_at or 0.0) - tape.opened_at
    if tape.code is None:
        return f"gone after {after_s:.1f} s: {tape.reason or 'the connection was lost'}"
    return f"closed by the bot after {after_s:.1f} s with code {tape.code}" + (
        f": {tape.reason}" if tape.reason else ""
    )


def closes_in_time(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """After `stop` the bot closes its side."""
    expected, tape = f"closes within {CLOSE_S:g} s of stop", tapes[0]
    if tape.opened_at is None or tape.closed_at is None or tape.hung_up_at is None:
        return []  # what ended before is another finding's matter
    after_ms = 1000 * (tape.closed_at - tape.hung_up_at)
    if tape.code is not None:
        return [passed(expected, f"after {after_ms:.0f} ms with code {tape.code}")]
    if after_ms < 1000 * CLOSE_S:
        return [noted(expected, f"after {after_ms:.0f} ms, without a closing frame (1006)", "answer the close frame")]
    advice = "the bot did not answer the close frame: it keeps sockets of calls that have ended"
    return [failed(expected, f"not after {after_ms / 1000:.1f} s", advice)]


def all_are_accepted(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """Calls at the same moment are all answered."""
    expected = f"{len(tapes)} calls at once are accepted, and kept"
    refused = [tape for tape in tapes if tape.opened_at is None]
    lost = [tape for tape in tapes if tape.ended_by_bot]
    if refused:
        return [failed(expected, f"{len(refused)} were not: {why_not(refused[0])}")]
    if lost:
        return [failed(expected, f"{len(lost)} were not kept; one was {how_it_ended(lost[0])}")]
    took_ms = sorted(1000 * ((tape.opened_at or 0.0) - tape.began_at) for tape in tapes)
    return [passed(expected, f"after {quantile(took_ms, 0.5):.0f} ms (p50), {quantile(took_ms, 0.99):.0f} ms (p99)")]

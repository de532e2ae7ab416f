"""Core: expectations of a bot's connection: accepted in time, refused without credentials, kept, and closed."""

import re
from collections.abc import Sequence

from exoswitch.audio.frames import FRAME_S
from exoswitch.certify.scenario import Expectation, Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding, Verdict, failed, noted, passed
from exoswitch.sim.latency import quantile

SLOW_HANDSHAKE_S = 1.0
"""Users report trouble with Exotel from about 1 s on, although Exotel waits for 10 s (spec §1)."""

CLOSE_S = 2.0
_NORMAL_CLOSURE = 1000  # RFC 6455 §7.4.1
_PREAMBLE = "3009 failed to establish ws conn: "  # Exotel's words; they tell the reader nothing
_REFUSALS = ("401", "403")
_UPGRADE_FAILED = re.compile(r"WebSocket connection upgrade failed \[(\d{3})\].*")  # autobahn's words


def why_not(tape: Tape) -> str:
    """Say why there is no connection."""
    error = _UPGRADE_FAILED.sub(r"refused with HTTP \1", tape.error.removeprefix(_PREAMBLE))
    return error or "no connection"


def accepts_in_time(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """The handshake succeeds quickly."""
    expected, tape = f"accepts the call within {terms.handshake_s:g} s", tapes[0]
    if tape.opened_at is None:
        return [failed(expected, why_not(tape), "Exotel tries once more; then the call continues without the bot")]
    if tape.handshake_s > SLOW_HANDSHAKE_S:
        advice = "users report failed calls with Exotel above 1 s: answer the handshake sooner"
        return [noted(expected, f"accepted after {tape.handshake_s:.1f} s", advice)]
    return [passed(expected, f"accepted after {1000 * tape.handshake_s:.0f} ms")]


def refuses(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The bot refuses calls with missing or wrong credentials."""
    findings = []
    for tape in tapes:
        expected = f"refuses a call {tape.label}"
        status = next((status for status in _REFUSALS if status in tape.error), "")
        if tape.opened_at is not None:
            advice = "the bot does not check the credentials of its URL: answer 401 if they are wrong"
            findings.append(noted(expected, "accepted", advice))
        elif status:
            findings.append(passed(expected, f"refused with {status}"))
        else:
            findings.append(noted(expected, why_not(tape), "answer 401 to refuse a call"))
    return findings


def stays(
    doing: str, *, gone: Verdict = Verdict.FAIL, advice: str = "", may_finish: bool = False, tacit: bool = False
) -> Expectation:
    """The connection lasts until the caller hangs up. If it does not, the verdict is `gone`.

    A bot that `may_finish` can close with 1000; that is only a note. If `tacit`, a connection that lasts has no
    finding.
    """

    def judge(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
        gone_ones = [tape for tape in tapes if tape.opened_at is None or tape.ended_by_bot]
        if not gone_ones:
            if tacit:
                return []
            labels = ", ".join(tape.label for tape in tapes if tape.label)
            return [passed(f"stays connected {doing}", labels or "connected until the hang-up")]
        findings = []
        for tape in gone_ones:
            finished = may_finish and tape.code == _NORMAL_CLOSURE
            expected = f"stays connected {doing}" + (f" ({tape.label})" if tape.label else "")
            findings.append(Finding(Verdict.NOTE if finished else gone, expected, how_it_ended(tape), advice))
        return findings

    return judge


def how_it_ended(tape: Tape) -> str:
    """Say how the bot ended a call, or why it did not begin."""
    if tape.opened_at is None:
        return why_not(tape)
    after_s = (tape.closed_at or 0.0) - tape.opened_at
    ended = "the connection broke" if tape.code is None else f"the bot closed with code {tape.code}"
    return f"{ended} after {after_s:.1f} s" + (f": {tape.reason}" if tape.reason else "")


def closes_in_time(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The bot closes its side after `stop`."""
    expected, tape = f"closes within {CLOSE_S:g} s after stop", tapes[0]
    if tape.opened_at is None or tape.closed_at is None or tape.hung_up_at is None:
        return []  # `stays` reports a call that ended before
    after_ms = 1000 * (tape.closed_at - tape.hung_up_at)
    if tape.code is not None:
        return [passed(expected, f"closed after {after_ms:.0f} ms with code {tape.code}")]
    if after_ms < 1000 * (CLOSE_S - FRAME_S):  # the gateway drops the connection after CLOSE_S
        seen = f"disconnected after {after_ms:.0f} ms, without a close frame (1006)"
        return [noted(expected, seen, "answer the close frame before you close the socket")]
    advice = "answer the WebSocket close frame: until then the bot holds the sockets of ended calls open"
    return [noted(expected, f"the close frame was not answered within {after_ms / 1000:.1f} s", advice)]


def all_are_accepted(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """The bot accepts and keeps all calls at the same time."""
    expected = f"accepts and keeps {len(tapes)} calls at once"
    refused = [tape for tape in tapes if tape.opened_at is None]
    lost = [tape for tape in tapes if tape.ended_by_bot]
    if refused:
        return [failed(expected, f"{len(refused)} not accepted: {why_not(refused[0])}")]
    if lost:
        return [failed(expected, f"{len(lost)} ended early: {how_it_ended(lost[0])}")]
    took_ms = sorted(1000 * tape.handshake_s for tape in tapes)
    return [
        passed(
            expected, f"accepted after {quantile(took_ms, 0.5):.0f} ms (p50), {quantile(took_ms, 0.99):.0f} ms (p99)"
        )
    ]

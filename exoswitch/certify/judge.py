"""Core: from what was observed to a result: each expectation of a scenario, put to its tapes."""

from collections.abc import Mapping, Sequence

from exoswitch.certify.expect_messages import are_understood
from exoswitch.certify.scenario import Scenario, Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Result, skipped
from exoswitch.sim.latency import quantile

MESSAGES = "messages"
"""Not a scenario of its own: it looks back on what the bot sent in all of them."""

MESSAGES_SHOWS = "what the bot sent in all calls is what Exotel understands"


def judge(scenario: Scenario, tapes: Sequence[Tape], terms: Terms, took_s: float) -> Result:
    """Judge one scenario by the tapes of its calls."""
    findings = [finding for expectation in scenario.expects for finding in expectation(tapes, terms)]
    return Result(
        name=scenario.name, shows=scenario.shows, findings=tuple(findings), took_s=took_s, figures=figures(tapes)
    )


def pass_over(scenario: Scenario, why: str) -> Result:
    """Say why a scenario was not run."""
    return Result(name=scenario.name, shows=scenario.shows, findings=(skipped(scenario.shows, why),))


def judge_messages(tapes: Sequence[Tape], terms: Terms) -> Result:
    """Judge everything that the bot has sent in any of these calls."""
    return Result(
        name=MESSAGES, shows=MESSAGES_SHOWS, findings=tuple(are_understood(tapes, terms)), figures=figures(tapes)
    )


def figures(tapes: Sequence[Tape]) -> Mapping[str, float]:
    """Sum up calls; what did not happen has no figure."""
    opened = [tape for tape in tapes if tape.opened_at is not None]
    handshakes = sorted(1000 * ((tape.opened_at or 0.0) - tape.began_at) for tape in opened)
    first_audio = [
        1000 * (heard_at - (tape.opened_at or 0.0))
        for tape in opened
        if (heard_at := tape.first_audible()) is not None
    ]
    told = {"calls": float(len(tapes)), "accepted": float(len(opened))}
    if handshakes:
        told["handshake_p50_ms"] = quantile(handshakes, 0.50)
        told["handshake_p99_ms"] = quantile(handshakes, 0.99)
    if first_audio:
        told["first_audio_ms"] = max(first_audio)
    if opened:
        told["messages"] = float(sum(tape.said.messages for tape in opened))
        told["marks"] = float(sum(len(tape.marks) for tape in opened))
        told["longest_queue_ms"] = float(max(tape.longest_queue_ms for tape in opened))
    return {name: round(value, 1) for name, value in told.items()}

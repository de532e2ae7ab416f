"""Core: judges tapes: gives the result of a scenario, with its findings and its figures."""

from collections.abc import Mapping, Sequence

from exoswitch.certify.expect_messages import are_understood
from exoswitch.certify.scenario import Scenario, Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Result, skipped
from exoswitch.sim.latency import quantile

MESSAGES = "messages"
"""The name of the last result: it covers all messages of the run, and is not a scenario."""

MESSAGES_SHOWS = "Exotel understands all messages of the bot"


def judge(scenario: Scenario, tapes: Sequence[Tape], terms: Terms, took_s: float) -> Result:
    """Judge a scenario by the tapes of its calls."""
    findings = [finding for expectation in scenario.expects for finding in expectation(tapes, terms)]
    return Result(
        name=scenario.name, shows=scenario.shows, findings=tuple(findings), took_s=took_s, figures=_figures(tapes)
    )


def pass_over(scenario: Scenario, why: str) -> Result:
    """Give the result of a scenario that did not run."""
    return Result(name=scenario.name, shows=scenario.shows, findings=(skipped(scenario.shows, why),))


def judge_messages(tapes: Sequence[Tape], terms: Terms) -> Result:
    """Judge all messages of the bot, of all calls."""
    return Result(
        name=MESSAGES, shows=MESSAGES_SHOWS, findings=tuple(are_understood(tapes, terms)), figures=_figures(tapes)
    )


def _figures(tapes: Sequence[Tape]) -> Mapping[str, float]:
    """Measure calls. An event that did not happen has no figure."""
    opened = [tape for tape in tapes if tape.opened_at is not None]
    handshakes = sorted(1000 * tape.handshake_s for tape in opened)
    first_audio = [
        1000 * (heard_at - (tape.opened_at or 0.0))
        for tape in opened
        if (heard_at := tape.first_audible()) is not None
    ]
    told = {"calls": float(len(tapes)), "accepted": float(len(opened))}
    if first_audio:
        told["first_audio_ms"] = max(first_audio)
    if opened:
        told["handshake_p50_ms"] = quantile(handshakes, 0.50)
        told["handshake_p99_ms"] = quantile(handshakes, 0.99)
        told["messages"] = float(sum(tape.said.messages for tape in opened))
        told["marks"] = float(sum(len(tape.marks) for tape in opened))
        told["longest_queue_ms"] = float(max(tape.longest_queue_ms for tape in opened))
    return {name: round(value, 1) for name, value in told.items()}

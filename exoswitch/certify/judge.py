"""Core: from what was observed to a result: each expectation of a scenario, put to its tapes."""

from collections.abc import Sequence

from exoswitch.certify.expect_messages import are_understood
from exoswitch.certify.figures import figures
from exoswitch.certify.scenario import Scenario, Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Result, skipped

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

"""Core: verdicts on a bot: findings, the result of a scenario, the report of a run."""

from collections.abc import Mapping
from enum import Enum
from functools import partial

from attrs import Factory, field, frozen

from exoswitch.certify.kept import Kept


class Verdict(Enum):
    """The meaning of a finding.

    A note never fails a run: a good bot can behave like this. Skipped means that it could not be tried.
    """

    PASS = "pass"  # noqa: S105 - no secret
    NOTE = "note"
    SKIP = "skip"
    FAIL = "fail"


@frozen
class Finding:
    """One expectation of the bot and the observed behaviour. `advice` says what to change."""

    verdict: Verdict
    expected: str
    seen: str
    advice: str = ""


passed = partial(Finding, Verdict.PASS)  # the bot met the expectation
noted = partial(Finding, Verdict.NOTE)  # the bot did something that its owner should know
failed = partial(Finding, Verdict.FAIL)  # the bot did not meet the expectation
skipped = partial(Finding, Verdict.SKIP)  # the expectation was not tested; `seen` says why

OURS = "this is a fault of exoswitch, not of the bot: please report it"
"""The advice of a finding about the gateway."""


@frozen(kw_only=True)
class Result:
    """The result of one scenario. `figures` are measurements, each with its unit in its name."""

    name: str
    shows: str
    findings: tuple[Finding, ...]
    took_s: float = 0.0
    figures: Mapping[str, float] = Factory(dict)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the findings; skipped only if all are skipped."""
        found = {finding.verdict for finding in self.findings}
        return next((worst for worst in _WORST_FIRST if worst in found), Verdict.PASS)


_WORST_FIRST = (Verdict.FAIL, Verdict.NOTE, Verdict.PASS, Verdict.SKIP)


@frozen(kw_only=True)
class Report:
    """The report of a run against one bot. A non-empty `unfinished` says why the run ended early.

    `bot` is its name without secrets, `began_at` a date and time in ISO 8601, `conversation` a trace for `--save`.
    A run of all scenarios `is_whole`.
    """

    bot: str
    version: str
    began_at: str
    seed: int
    took_s: float
    results: tuple[Result, ...]
    unfinished: str = ""
    is_whole: bool = True
    conversation: Kept | None = field(default=None, repr=False)

    def count(self, verdict: Verdict) -> int:
        """Count the scenarios with this verdict."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether the run finished and nothing failed."""
        return not self.unfinished and bool(self.results) and not self.count(Verdict.FAIL)

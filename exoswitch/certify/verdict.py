"""Core: what is found out about a bot: what was expected, what was seen, and what follows from it."""

from collections.abc import Mapping
from enum import Enum

from attrs import Factory, field, frozen

from exoswitch.certify.kept import Kept


class Verdict(Enum):
    """What a finding means.

    A note is something that a good bot may do differently; it never fails a run. Skipped is what could not be tried.
    """

    PASS = "pass"  # noqa: S105 - no secret
    NOTE = "note"
    SKIP = "skip"
    FAIL = "fail"


@frozen
class Finding:
    """One thing that was expected of the bot, and what was seen of it; `advice` says what to do about it."""

    verdict: Verdict
    expected: str
    seen: str
    advice: str = ""


@frozen(kw_only=True)
class Result:
    """What came of one scenario; `figures` are its measurements, each with its unit in its name."""

    name: str
    shows: str
    findings: tuple[Finding, ...]
    took_s: float = 0.0
    figures: Mapping[str, float] = Factory(dict)

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings; skipped only if every one is."""
        found = {finding.verdict for finding in self.findings}
        return next((worst for worst in _WORST_FIRST if worst in found), Verdict.PASS)


_WORST_FIRST = (Verdict.FAIL, Verdict.NOTE, Verdict.PASS, Verdict.SKIP)


@frozen(kw_only=True)
class Report:
    """A whole run against one bot; `unfinished` says why it ended early, and is empty if it did not.

    `bot` names it without its secrets; `began_at` is the date and time in ISO 8601; a `conversation` can be replayed.
    Only a run of all scenarios `is_whole`.
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
        """Count the scenarios that ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether the run was whole, and nothing failed."""
        return not self.unfinished and bool(self.results) and not self.count(Verdict.FAIL)


def passed(expected: str, seen: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(Verdict.PASS, expected, seen)


def noted(expected: str, seen: str, advice: str = "") -> Finding:
    """Say that something is worth knowing."""
    return Finding(Verdict.NOTE, expected, seen, advice)


def failed(expected: str, seen: str, advice: str = "") -> Finding:
    """Say that something is wrong."""
    return Finding(Verdict.FAIL, expected, seen, advice)


def skipped(expected: str, why: str, advice: str = "") -> Finding:
    """Say that something was not tried."""
    return Finding(Verdict.SKIP, expected, why, advice)

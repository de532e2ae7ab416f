"""The results of the parts of a test run: the counts of pytest, the failed tests, and the lines at the end."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """The result of one part.

    Attributes:
        note: why the part was not run, why it ended early, or why tests were skipped.
        failures: the tests that failed, as pytest takes them, each with its error; empty if the part is not pytest.
        again: the tests that passed only when they were run again, alone.
    """

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""
    failures: tuple[tuple[str, str], ...] = ()
    again: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Give one line of the closing table."""
        if not (self.passed or self.failed or self.skipped):
            return f"  {self.part:<11} not run: {self.note}"
        counts = f"{self.passed} passed, {self.failed} failed"
        if self.skipped:
            counts += f", {self.skipped} skipped"
        state = "FAILED" if self.failed else "passed" if self.passed else "skipped"
        return f"  {self.part:<11} {state:<7} {counts} in {self.seconds:.0f} s" + (
            f" ({self.note})" if self.note else ""
        )

    def after_second_try(self, second: "Outcome") -> "Outcome":
        """Count as passed the tests that passed when they were run again."""
        still = {test for test, _ in second.failures}
        again = tuple(test for test, _ in self.failures if test not in still)
        if second.failed != len(still):  # the second run broke: it says nothing of its tests
            return self
        left = tuple(failure for failure in self.failures if failure[0] in still)
        return replace(
            self,
            passed=self.passed + len(again),
            failed=self.failed - len(again),
            seconds=self.seconds + second.seconds,
            failures=left,
            again=again,
        )


def read_outcome(part: str, counts: Path, status: int, seconds: float) -> Outcome:
    """Join a command's exit status with the counts that pytest wrote, if the part is pytest."""
    ended = f"ended with status {status}" if status else ""
    if not counts.exists():
        return Outcome(part, passed=int(not status), failed=int(bool(status)), seconds=seconds, note=ended)
    suite = ET.parse(counts).getroot()[0]
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    skipped = int(suite.attrib["skipped"])
    passed = int(suite.attrib["tests"]) - failed - skipped
    if status and not failed:
        return Outcome(part, passed, 1, skipped, seconds, ended)
    reason = suite.find(".//skipped")
    note = reason.attrib.get("message", "") if reason is not None else ""
    return Outcome(part, passed, failed, skipped, seconds, note, tuple(_failures(suite)))


def _failures(suite: ET.Element) -> Iterable[tuple[str, str]]:
    for case in suite.iter("testcase"):
        problem = next((found for kind in ("failure", "error") if (found := case.find(kind)) is not None), None)
        if problem is not None:
            yield _id_of(case), problem.attrib.get("message", "").partition("\n")[0]


def _id_of(case: ET.Element) -> str:
    """Name a test as pytest takes it; a file that could not be read has its own name only."""
    names = case.attrib["classname"].split(".")
    classes = [name for name in names if name[:1].isupper()]
    file = "/".join(names[: len(names) - len(classes)])
    return "::".join([f"{file}.py", *classes, case.attrib["name"]]) if file else case.attrib["name"]


def closing_words(outcomes: Iterable[Outcome]) -> str:
    """Write the table, and under it the tests that failed, or that passed only at the second try."""
    table = list(outcomes)
    lines = [str(outcome) for outcome in table]
    for outcome in table:
        lines += [f"failed: {test}: {error}" for test, error in outcome.failures]
        lines += [f"failed beside others, and passed when run again alone: {test}" for test in outcome.again]
    passed, failed, skipped = (sum(getattr(one, field) for one in table) for field in ("passed", "failed", "skipped"))
    lines.append(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return "\n".join(lines)

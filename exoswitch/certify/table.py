"""Core: the table for a terminal or a log: for each finding the expectation, the behaviour, and the advice."""

from itertools import zip_longest
from textwrap import wrap

from attrs import define, evolve, field, frozen

from exoswitch.certify.verdict import Finding, Report, Result, Verdict

_NAME_WIDTH = 10
_EXPECTED_WIDTH = 44
_NARROWEST = 20

_SYMBOLS = {Verdict.PASS: "✔", Verdict.FAIL: "✘", Verdict.NOTE: "•", Verdict.SKIP: "-"}
_WORDS = {Verdict.PASS: "ok  ", Verdict.FAIL: "FAIL", Verdict.NOTE: "note", Verdict.SKIP: "skip"}
_COLOURS = {Verdict.PASS: "32", Verdict.FAIL: "31;1", Verdict.NOTE: "33", Verdict.SKIP: "2"}
_FAINT = "2"
_BOLD = "1"
_TO_ASCII = str.maketrans({"…": "..."})


@frozen(kw_only=True)
class Style:
    """The abilities of the terminal: its width, colours, and Unicode."""

    width: int = 110
    colours: bool = False
    unicode: bool = True

    def paint(self, text: str, colour: str) -> str:
        """Colour the text, if the terminal has colours (ECMA-48 SGR)."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colours and text else text

    def sign(self, verdict: Verdict) -> str:
        """Give the symbol or word of a verdict."""
        return self.paint((_SYMBOLS if self.unicode else _WORDS)[verdict], _COLOURS[verdict])

    def plain(self, text: str) -> str:
        """Replace characters that the terminal cannot show."""
        if self.unicode:
            return text
        return text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")


@define
class Table:
    """Writes the lines of one run. It gives each advice once."""

    style: Style = field(factory=Style)
    _given: set[str] = field(factory=set, init=False)

    def title(self, bot: str, scenarios: int) -> str:
        """Give the title and the heading."""
        text = f"Calling {bot} as Exotel would: {scenarios} scenario{'s' if scenarios != 1 else ''}"
        heading = f"  {self._blank} {'':{_NAME_WIDTH}} {'expected':{_EXPECTED_WIDTH}} seen"
        return f"{self.style.paint(self.style.plain(text), _BOLD)}\n\n{self.style.paint(heading, _FAINT)}"

    @property
    def _blank(self) -> str:
        return " " * (1 if self.style.unicode else 4)

    def rows(self, result: Result) -> str:
        """Give the lines of a scenario: one or more for each finding."""
        lines: list[str] = []
        name, before = result.name, ""
        for finding in result.findings:
            expected = finding.expected if finding.expected != before else ""
            lines += self._finding(name, evolve(finding, expected=expected, advice=self._news(finding.advice)))
            name, before = "", finding.expected
        return "\n".join(lines)

    def _news(self, advice: str) -> str:
        """Give an advice the first time, then nothing."""
        if advice in self._given:
            return ""
        self._given.add(advice)
        return advice

    def _finding(self, name: str, finding: Finding) -> list[str]:
        plain = self.style.plain
        seen_width = max(_NARROWEST, self.style.width - _NAME_WIDTH - _EXPECTED_WIDTH - 6)
        expected = wrap(plain(finding.expected), _EXPECTED_WIDTH) or [""]
        seen = wrap(plain(finding.seen), seen_width, break_long_words=True) or [""]
        advice = wrap(plain(finding.advice), seen_width) if finding.verdict is not Verdict.PASS else []
        right = [*seen, *(self.style.paint(line, _FAINT) for line in advice)]
        lines = []
        for number, (left, beside) in enumerate(zip_longest(expected, right, fillvalue="")):
            sign = self._blank if number else self.style.sign(finding.verdict)
            lines.append(
                f"  {sign} {name if not number else '':{_NAME_WIDTH}} {left:{_EXPECTED_WIDTH}} {beside}".rstrip()
            )
        return lines

    def progress(self, name: str, shows: str, elapsed_s: float) -> str:
        """Give the line of the scenario that runs now."""
        text = self.style.plain(f"  … {name:{_NAME_WIDTH}} {shows}")
        return self.style.paint(f"{text[: self.style.width - 10]} {elapsed_s:5.1f} s", _FAINT)

    def summary(self, report: Report) -> str:
        """Give the counts and the verdict of the run."""
        counts = ", ".join(
            f"{count} {words}"
            for verdict, words in _COUNTED
            if (count := report.count(verdict)) or verdict is Verdict.PASS
        )
        lines = [f"{counts} in {report.took_s:.0f} s"]
        if report.unfinished:
            lines.append(self.style.paint(self.style.plain(report.unfinished), _COLOURS[Verdict.FAIL]))
        elif report.passed:
            text = "The bot is ready for calls." if report.is_whole else "No scenario of this run failed."
            lines.append(self.style.paint(text, _COLOURS[Verdict.PASS]))
        else:
            names = ", ".join(result.name for result in report.results if result.verdict is Verdict.FAIL)
            lines.append(self.style.paint(f"The bot is NOT ready: see {names}.", _COLOURS[Verdict.FAIL]))
        return "\n".join(["", *(f"  {line}" for line in lines)])


_COUNTED = (
    (Verdict.PASS, "passed"),
    (Verdict.FAIL, "failed"),
    (Verdict.NOTE, "with notes"),
    (Verdict.SKIP, "skipped"),
)

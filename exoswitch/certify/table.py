"""Core: results as lines of a table for a terminal or a log: what was expected, what was seen, and what to do."""

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
    """What the terminal can show: its width, and whether it knows colours and more than ASCII."""

    width: int = 110
    colours: bool = False
    unicode: bool = True

    def paint(self, text: str, colour: str) -> str:
        """Give the text its colour, if there are any (ECMA-48 SGR)."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colours and text else text

    def sign(self, verdict: Verdict) -> str:
        """Give the sign of a verdict."""
        return self.paint((_SYMBOLS if self.unicode else _WORDS)[verdict], _COLOURS[verdict])

    def plain(self, text: str) -> str:
        """Write a text with what the terminal can show."""
        if self.unicode:
            return text
        return text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")


@define
class Table:
    """Writes the lines of one run; the same advice is given once."""

    style: Style = field(factory=Style)
    _given: set[str] = field(factory=set, init=False)

    def title(self, bot: str, scenarios: int) -> str:
        """Say what is about to happen."""
        text = f"Calling {bot} as Exotel would: {scenarios} scenario{'s' if scenarios != 1 else ''}"
        return self.style.paint(self.style.plain(text), _BOLD) + "\n\n" + self._heading()

    def _heading(self) -> str:
        gap = " " * (1 if self.style.unicode else 4)
        return self.style.paint(f"  {gap} {'':{_NAME_WIDTH}} {'expected':{_EXPECTED_WIDTH}} seen", _FAINT)

    def rows(self, result: Result) -> str:
        """Show what came of a scenario, a line or more for each finding."""
        lines: list[str] = []
        name, before = result.name, ""
        for finding in result.findings:
            expected = finding.expected if finding.expected != before else ""
            lines += self._finding(name, evolve(finding, expected=expected, advice=self._news(finding.advice)))
            name, before = "", finding.expected
        return "\n".join(lines)

    def _news(self, advice: str) -> str:
        """Give an advice only once."""
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
        height = max(len(expected), len(seen) + len(advice))
        expected += [""] * (height - len(expected))
        right = [*seen, *(self.style.paint(line, _FAINT) for line in advice)]
        right += [""] * (height - len(right))
        blank = " " * (1 if self.style.unicode else 4)
        lines = []
        for number, (left, beside) in enumerate(zip(expected, right, strict=True)):
            sign = blank if number else self.style.sign(finding.verdict)
            lines.append(
                f"  {sign} {name if not number else '':{_NAME_WIDTH}} {left:{_EXPECTED_WIDTH}} {beside}".rstrip()
            )
        return lines

    def progress(self, name: str, shows: str, elapsed_s: float) -> str:
        """Say what is being done, in one line that is soon overwritten."""
        text = self.style.plain(f"  … {name:{_NAME_WIDTH}} {shows}")
        return self.style.paint(f"{text[: self.style.width - 10]} {elapsed_s:5.1f} s", _FAINT)

    def summary(self, report: Report) -> str:
        """Say what it all comes to."""
        counts = ", ".join(
            f"{count} {words}"
            for verdict, words in _COUNTED
            if (count := report.count(verdict)) or verdict is Verdict.PASS
        )
        lines = [f"{counts} in {report.took_s:.0f} s"]
        if report.unfinished:
            lines.append(self.style.paint(self.style.plain(report.unfinished), _COLOURS[Verdict.FAIL]))
        elif report.passed:
            text = "The bot is ready to be called." if report.is_whole else "Nothing failed of what was tried."
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

"""Core: what a check of `exoswitch doctor` found, as a line: ✔ or ✘, and the remedy."""

from attrs import frozen


@frozen
class CheckResult:
    """The result of one check; `remedy` is empty if nothing is wrong."""

    subject: str
    text: str
    remedy: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing is to be done."""
        return not self.remedy

    def __str__(self) -> str:
        """Give the line, and the remedy on a line of its own."""
        line = f"{'✔' if self.is_good else '✘'} {self.subject}: {self.text}"
        return line if self.is_good else f"{line}\n    {self.remedy}"

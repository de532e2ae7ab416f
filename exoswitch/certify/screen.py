"""Adapter: the terminal or file that shows a run."""

import os
import shutil
from typing import TextIO

from attrs import define, field

from exoswitch.certify.table import Style, Table
from exoswitch.certify.verdict import Report, Result

_WIDEST = 120
_LOG_WIDTH = 110
_ERASE = "\r\x1b[2K"


@define
class Screen:
    """Shows a run while it goes on. In a file it writes only the result of each scenario."""

    _out: TextIO
    is_live: bool = field(init=False)
    _table: Table = field(init=False)
    _has_progress: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.is_live = self._out.isatty() and os.environ.get("TERM") != "dumb"
        width = min(shutil.get_terminal_size().columns, _WIDEST) if self.is_live else _LOG_WIDTH
        encoding = (getattr(self._out, "encoding", None) or "ascii").lower()
        colours = self.is_live and not os.environ.get("NO_COLOR")  # https://no-color.org
        self._table = Table(Style(width=width, colours=colours, unicode=encoding.replace("-", "") == "utf8"))

    def began(self, bot: str, scenarios: int) -> None:
        """Show the head of the table."""
        self._write(f"{self._table.title(bot, scenarios)}\n")

    def progress(self, name: str, shows: str, elapsed_s: float) -> None:
        """Show the scenario that runs now. Only a terminal shows this."""
        if self.is_live:
            self._write(_ERASE + self._table.progress(name, shows, elapsed_s))
            self._has_progress = True

    def result(self, result: Result) -> None:
        """Show the result of a scenario."""
        self._write(f"{self._table.rows(result)}\n")

    def ended(self, report: Report) -> None:
        """Show the summary of the run."""
        self._write(f"{self._table.summary(report)}\n")

    def say(self, text: str) -> None:
        """Show one line of text."""
        self._write(f"  {text}\n")

    def _write(self, text: str) -> None:
        if self._has_progress and not text.startswith(_ERASE):
            text = _ERASE + text
            self._has_progress = False
        self._out.write(text)
        self._out.flush()

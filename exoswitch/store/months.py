"""Core: months of UTC, by which tables are partitioned: the month of a moment, its partition's name and bounds."""

import datetime as dt
import re
from typing import Self

from attrs import frozen

_NAME = re.compile(r".+_([0-9]{4})_([0-9]{2})", re.ASCII)


@frozen(order=True)
class Month:
    """A month of a year."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: float) -> Self:
        """Give the month of a moment, in seconds since the epoch."""
        day = dt.datetime.fromtimestamp(moment, dt.UTC)
        return cls(day.year, day.month)

    @classmethod
    def of_partition(cls, name: str) -> Self | None:
        """Give the month of a partition; None if its name has another form."""
        match = _NAME.fullmatch(name)
        return None if match is None else cls(int(match[1]), int(match[2]))

    @property
    def next(self) -> "Month":
        """The next month."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def begins(self) -> str:
        """Its first moment, as an SQL timestamp."""
        return f"{self.year:04d}-{self.month:02d}-01 00:00:00+00"

    def partition(self, table: str) -> str:
        """Name the partition of a table that holds this month: ``sessions_2026_11``."""
        return f"{table}_{self.year:04d}_{self.month:02d}"

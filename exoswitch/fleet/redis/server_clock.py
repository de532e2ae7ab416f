"""Core: the clock of Redis, as this process sees it."""

from attrs import define, field

STEP_US = 500_000
"""An answer takes less than this: one that seems to be older shows that the clock was put back."""

PERIOD_US = 10_000_000
"""Clocks drift by less than 1 ms in so much time."""


@define
class ServerClock:
    """Estimates the server's time from the times in its answers.

    An answer is some time under way, and waits until this process reads it. So the clock's offset is at least that of
    every answer, and the largest one of the last 10 to 20 s is the best estimate: it is late by the quickest way of
    an answer, some 0.1 ms.
    """

    _offset_us: int | None = field(default=None, init=False)
    _newest_us: int = field(default=0, init=False)
    _since_us: int = field(default=0, init=False)

    def heard(self, server_us: int, local_us: int) -> None:
        """Take the server's time in an answer that has just been read."""
        offset = server_us - local_us
        if self._offset_us is None or offset < self._offset_us - STEP_US:
            self._offset_us = self._newest_us = offset
            self._since_us = local_us
            return
        if local_us - self._since_us > PERIOD_US:
            self._offset_us, self._newest_us, self._since_us = self._newest_us, offset, local_us
        self._newest_us = max(self._newest_us, offset)
        self._offset_us = max(self._offset_us, offset)

    def now_us(self, local_us: int) -> int:
        """Give the server's time; that of this process if nothing was heard."""
        return local_us + (self._offset_us or 0)

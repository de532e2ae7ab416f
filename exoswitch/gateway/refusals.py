"""Adapter: the log of refused calls: a flood of them writes one line a second of each kind."""

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

LOGGED_S = 1.0


@define
class _Kind:
    """The refusals of one kind since its last line, which was written at `logged_at` (monotonic seconds)."""

    logged_at: float
    count: int = 0


@define(eq=False)
class Refusals:
    """Logs refusals; a kind is the text of its line."""

    _clock: IReactorTime
    _log: Logger
    _kinds: dict[str, _Kind] = field(factory=dict, init=False)

    def note(self, text: str, **fields: object) -> int:
        """Log a refusal, unless its kind was logged within this second; give how many were not logged since then."""
        now = self._clock.seconds()
        kind = self._kinds.setdefault(text, _Kind(now - LOGGED_S))
        kind.count += 1
        if now - kind.logged_at >= LOGGED_S:
            self._log.warn(f"{text} (calls of this kind since the last line: {{count}})", count=kind.count, **fields)
            kind.logged_at, kind.count = now, 0
        return kind.count

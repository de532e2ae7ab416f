"""Core: the moment before which calls are deleted, by a wall clock that may be wrong.

A wall clock that leaps ahead by a year would delete all calls. So the time counts from the newest call in the
database, and passes as the monotonic clock does. The wall clock may be ahead of that by `_AHEAD_S`: a gateway may
have been off for some days. A gateway that was off for longer deletes its oldest calls later.
"""

from attrs import define, field

_AHEAD_S = 7 * 86_400.0


@define
class Retention:
    """Keeps calls for `keep_s`; the wall clock gives seconds since the epoch, the monotonic one any seconds."""

    keep_s: float
    _latest: float | None = field(
        default=None, init=False
    )  # the latest believable time, when the monotonic clock is 0

    @property
    def is_anchored(self) -> bool:
        """Whether the newest call is known."""
        return self._latest is not None

    def anchor(self, newest: float | None, wall: float, monotonic: float) -> None:
        """Count from the newest call; from now, if there is none."""
        self._latest = (wall if newest is None else newest) + _AHEAD_S - monotonic

    def now(self, wall: float, monotonic: float) -> float:
        """Give the time by which calls are old: the wall clock's, if that is believable."""
        return wall if self._latest is None else min(wall, self._latest + monotonic)

    def keep_from(self, wall: float, monotonic: float) -> float:
        """Give the moment before which calls are deleted."""
        return self.now(wall, monotonic) - self.keep_s

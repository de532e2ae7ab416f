"""What somebody at a phone hears of the other side: above all, for how long nothing."""

from collections import deque

from attrs import define, field, frozen

NOTICED_S = 0.06  # three frames; what is shorter happens whenever a bot's audio comes a moment late
REMEMBERED = 1000


@frozen
class Silence:
    """Seconds in which nobody said anything, on the reactor's clock."""

    began: float
    ended: float

    def within(self, since: float, until: float) -> float:
        """Give how much of it lies between two moments."""
        return max(0.0, min(self.ended, until) - max(self.began, since))


@define(eq=False)
class Hearing:
    """Stands where a phone has its meter: it is told of every frame that is heard, once.

    Only voices count. That a gateway sends packets is no comfort to a caller as long as they are silent.
    """

    heard_at: float | None = None
    silences: deque[Silence] = field(factory=lambda: deque(maxlen=REMEMBERED))

    def heard(self, pcm: bytes, now: float) -> None:
        """Take in 20 ms."""
        if pcm.strip(b"\0"):
            self.happened(now)

    def happened(self, now: float) -> None:
        """Take note that there was a sign of life."""
        if self.heard_at is not None and now - self.heard_at >= NOTICED_S:
            self.silences.append(Silence(self.heard_at, now))
        self.heard_at = now

    def longest_silence_s(self, since: float, until: float) -> float:
        """Give the longest silence between two moments, also one that goes on."""
        going_on = Silence(since if self.heard_at is None else self.heard_at, until)
        return max(silence.within(since, until) for silence in (*self.silences, going_on))

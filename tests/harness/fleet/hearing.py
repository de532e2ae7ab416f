"""The voice that a phone hears, and its silences."""

from collections import deque

from attrs import define, field, frozen

NOTICED_S = 0.06  # three frames; a bot's audio that comes a little late makes shorter silences
REMEMBERED = 1000


@frozen
class Silence:
    """A time without a voice, on the reactor's clock."""

    began: float
    ended: float

    def within(self, since: float, until: float) -> float:
        """Give the part of it that lies between two moments."""
        return max(0.0, min(self.ended, until) - max(self.began, since))


@define(eq=False)
class Hearing:
    """Takes the place of a phone's meter, which gets every played frame once.

    Only voices count: packets of silence do not end a silence.
    """

    heard_at: float | None = None
    silences: deque[Silence] = field(factory=lambda: deque(maxlen=REMEMBERED))

    def heard(self, pcm: bytes, now: float) -> None:
        """Take 20 ms of audio."""
        if pcm.strip(b"\0"):
            self.happened(now)

    def happened(self, now: float) -> None:
        """Note that there was a voice at this moment."""
        if self.heard_at is not None and now - self.heard_at >= NOTICED_S:
            self.silences.append(Silence(self.heard_at, now))
        self.heard_at = now

    def longest_silence_s(self, since: float, until: float) -> float:
        """Give the longest silence between two moments, including a present one."""
        going_on = Silence(since if self.heard_at is None else self.heard_at, until)
        return max(silence.within(since, until) for silence in (*self.silences, going_on))

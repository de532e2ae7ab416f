"""Core: both sides of a recorded call, in time with each other, gathered until there is a second of them.

Time passes by the clock of the ticks: a tick that was left out, or a pause of this process, is silence on both sides.
"""

from attrs import define, field

from exoswitch.audio.frames import FRAME_S, SILENCE_PCM
from exoswitch.audio.g711 import Law
from exoswitch.call.media import RecordingSink

_FRAMES = 50
_LATE_S = 0.11  # ticks that are less late than this are made up for: see `ticker`


@define
class Tape:
    """Gathers frames for `sink`, and gives them to it once a second; `law` is that of the played frames."""

    _sink: RecordingSink
    _law: Law
    _due_at: float | None = field(default=None, init=False)
    _said: list[bytes] = field(factory=list, init=False)
    _played: list[bytes] = field(factory=list, init=False)

    def add(self, said: bytes, played: bytes, now: float) -> None:
        """Take the frames of a tick: the caller's as PCM, and the coded one that was sent to the caller."""
        if self._due_at is None:
            self._due_at = now
        late_s = now - self._due_at
        if late_s > _LATE_S:
            self._add_silence(int(late_s / FRAME_S))
        self._due_at += FRAME_S
        self._said.append(said)
        self._played.append(played)
        if len(self._said) >= _FRAMES:
            self.give()

    def give(self) -> None:
        """Give all frames that wait."""
        said, played = b"".join(self._said), self._law.decode(b"".join(self._played))
        self._said.clear()
        self._played.clear()
        if said:
            self._sink.take(said, played)

    def _add_silence(self, frames: int) -> None:
        """Fill a gap; a long one is given in parts."""
        self.give()
        self._due_at = (self._due_at or 0.0) + frames * FRAME_S
        while frames > 0:
            part = SILENCE_PCM * min(frames, _FRAMES)
            self._sink.take(part, part)
            frames -= _FRAMES

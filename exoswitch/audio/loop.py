"""Core: a sound that is heard again and again, 20 ms at a time, without a seam."""

from attrs import define, field

from exoswitch.audio.frames import FRAME_SAMPLES


@define
class Loop:
    """A sound of any length but none, in G.711, where a sample is a byte."""

    _sound: bytes = field(repr=False)
    _at: int = field(default=0, init=False)

    def pop(self) -> bytes:
        """Take the next 20 ms."""
        frame = self._sound[self._at : self._at + FRAME_SAMPLES]
        while len(frame) < FRAME_SAMPLES:
            frame += self._sound[: FRAME_SAMPLES - len(frame)]
        self._at = (self._at + FRAME_SAMPLES) % len(self._sound)
        return frame

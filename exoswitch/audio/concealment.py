"""Core: packet loss concealment: the last frame once more, fading to silence over 60 ms."""

import struct

from attrs import define

from exoswitch.audio.frames import FRAME_SAMPLES, SILENCE_PCM

_FADE_FRAMES = 3  # about the length that ITU-T G.711 Appendix I conceals before it goes silent
_SAMPLES = struct.Struct(f"<{FRAME_SAMPLES}h")


@define
class Concealer:
    """Makes up frames for those that did not come; `last` is the last that did."""

    last: bytes = SILENCE_PCM
    repeated: int = 0

    def conceal(self) -> bytes:
        """Make up the next frame."""
        if self.repeated >= _FADE_FRAMES or self.last is SILENCE_PCM:
            return SILENCE_PCM
        frame = _faded(self.last, self.repeated)
        self.repeated += 1
        return frame


def _faded(frame: bytes, step: int) -> bytes:
    """Let a frame's loudness fall linearly, over its share of the whole fade."""
    whole = FRAME_SAMPLES * _FADE_FRAMES
    begin = whole - step * FRAME_SAMPLES
    return _SAMPLES.pack(*[int(sample * (begin - at) / whole) for at, sample in enumerate(_SAMPLES.unpack(frame))])

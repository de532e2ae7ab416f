"""Core: concealment: a lost frame is replaced by the last one, faded; a frame that is left out leaves no click."""

from attrs import define

from exoswitch.audio.frames import FRAME_SAMPLES, SILENCE_PCM
from exoswitch.audio.samples import pcm_of, samples_of

_FADE_FRAMES = 3  # about as long as ITU-T G.711 Appendix I conceals


@define
class Concealer:
    """Makes frames in place of lost ones. `last` is the last frame that arrived."""

    last: bytes = SILENCE_PCM
    repeated: int = 0

    def conceal(self) -> bytes:
        """Make the next frame: the last one, fading to silence over 60 ms."""
        if self.repeated >= _FADE_FRAMES or self.last is SILENCE_PCM:
            return SILENCE_PCM
        frame = _faded(self.last, self.repeated)
        self.repeated += 1
        return frame


def _faded(frame: bytes, step: int) -> bytes:
    """Reduce a frame's loudness linearly: one step of the fade."""
    whole = FRAME_SAMPLES * _FADE_FRAMES
    begin = whole - step * FRAME_SAMPLES
    return pcm_of(int(sample * (begin - at) / whole) for at, sample in enumerate(samples_of(frame)))


def spliced(first: bytes, second: bytes) -> bytes:
    """Give a frame that begins as the first and ends as the second: a linear cross-fade."""
    pairs = zip(samples_of(first), samples_of(second), strict=True)
    return pcm_of(one + (other - one) * at // FRAME_SAMPLES for at, (one, other) in enumerate(pairs))

"""Core: the caller's audio as whole messages to a bot, as a MediaEncoding describes them."""

from binascii import b2a_base64
from collections import deque

from exoswitch.audio.frames import FRAME_MS, SAMPLE_RATE_HZ
from exoswitch.audio.resampler import Resampler
from exoswitch.call.media import MediaEncoding

_HELD_AT_MOST_MS = 2000


class MessageEncoder:
    """Numbers the messages of one stream, and writes those that carry audio.

    While holding, it keeps the newest two seconds of audio and drops older audio. Held audio gets its numbers when it
    is released; the time of later messages includes dropped audio.
    """

    __slots__ = (
        "_bytes_per_ms",
        "_chunk",
        "_chunk_ms",
        "_dropped_ms",
        "_frames",
        "_frames_per_chunk",
        "_from_zero",
        "_held",
        "_holding",
        "_position_ms",
        "_resampler",
        "_sequence",
        "_template",
    )

    def __init__(self, encoding: MediaEncoding) -> None:
        rate_hz = encoding.sample_rate_hz
        self._template = encoding.template
        self._from_zero = encoding.from_zero
        self._resampler = None if rate_hz == SAMPLE_RATE_HZ else Resampler(SAMPLE_RATE_HZ, rate_hz)
        self._bytes_per_ms = 2 * rate_hz // 1000
        self._frames_per_chunk = encoding.frames
        self._chunk_ms = encoding.frames * FRAME_MS
        self._frames: list[bytes] = []
        self._held: deque[bytes] = deque()
        self._holding = False
        self._dropped_ms = 0
        self._sequence = encoding.first_number - 1
        self._chunk = 0
        self._position_ms = 0

    def next_number(self) -> int:
        """Give the number of a message that another part writes."""
        self._sequence += 1
        return self._sequence

    def add(self, pcm: bytes) -> bytes | None:
        """Take 20 ms of audio; give the message to send now, if one is complete."""
        chunk = pcm
        if self._frames_per_chunk > 1:
            frames = self._frames
            frames.append(pcm)
            if len(frames) < self._frames_per_chunk:
                return None
            chunk = b"".join(frames)
            frames.clear()
        if self._resampler is not None:
            chunk = self._resampler.feed(chunk)
        if not self._holding:
            return self._write(chunk)
        self._held.append(chunk)
        if len(self._held) * self._chunk_ms > _HELD_AT_MOST_MS:
            self._held.popleft()
            self._position_ms += self._chunk_ms
            self._dropped_ms += self._chunk_ms
        return None

    def hold(self) -> None:
        """Keep the audio that comes from now on."""
        self._holding = True

    def release(self) -> bytes | None:
        """Give the oldest held audio as a message; with none left, give None and stop holding."""
        if self._held:
            return self._write(self._held.popleft())
        self._holding = False
        return None

    def take_dropped_ms(self) -> int:
        """Give how much audio was dropped since the last call of this method."""
        dropped_ms, self._dropped_ms = self._dropped_ms, 0
        return dropped_ms

    def _write(self, pcm: bytes) -> bytes:
        self._sequence += 1
        self._chunk += 1
        begin_ms = self._position_ms
        self._position_ms = end_ms = begin_ms + len(pcm) // self._bytes_per_ms
        at_ms = begin_ms if self._from_zero else end_ms
        return self._template % (self._sequence, self._chunk, at_ms, b2a_base64(pcm, newline=False))

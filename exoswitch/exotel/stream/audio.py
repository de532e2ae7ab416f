"""Core: audio between the phone's 8,000 Hz and a bot: the caller's on its way there, the bot's on its way back."""

from collections import deque

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.resample import REACH_SAMPLES, Resampler
from exoswitch.exotel.stream.messages import MessageWriter

_FRAME_MS = 20
_HELD_AT_MOST_MS = 2000
_LEAD_IN = bytes(2 * (REACH_SAMPLES - 1))  # stands in for what the resampler holds back, so that no gap comes later


class CallerAudio:
    """Makes `media` messages of 20 ms frames, at the bot's rate.

    While holding, it keeps the newest two seconds and sheds the rest.
    """

    __slots__ = (
        "_chunk_ms",
        "_frames",
        "_frames_per_chunk",
        "_held",
        "_holding",
        "_resampler",
        "_shed_ms",
        "_writer",
    )

    def __init__(self, writer: MessageWriter, chunk_ms: int, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        self._writer = writer
        self._resampler = None if sample_rate_hz == SAMPLE_RATE_HZ else Resampler(SAMPLE_RATE_HZ, sample_rate_hz)
        self._frames_per_chunk = max(1, chunk_ms // _FRAME_MS)
        self._chunk_ms = self._frames_per_chunk * _FRAME_MS
        self._frames: list[bytes] = []
        self._held: deque[bytes] = deque()
        self._holding = False
        self._shed_ms = 0

    def add(self, pcm: bytes) -> bytes | None:
        """Take 20 ms of audio; give the message to be sent now, if there is one."""
        frames = self._frames
        frames.append(pcm)
        if len(frames) < self._frames_per_chunk:
            return None
        chunk = b"".join(frames)
        frames.clear()
        if self._resampler is not None:
            chunk = self._resampler.feed(chunk)
        if not self._holding:
            return self._writer.media(chunk)
        self._held.append(chunk)
        if len(self._held) * self._chunk_ms > _HELD_AT_MOST_MS:
            self._held.popleft()
            self._writer.skip(self._chunk_ms)
            self._shed_ms += self._chunk_ms
        return None

    def hold(self) -> None:
        """Keep what comes from now on."""
        self._holding = True

    def release(self) -> bytes | None:
        """Give the oldest held chunk as a message; once none is left, None, and what is added next flows again."""
        if self._held:
            return self._writer.media(self._held.popleft())
        self._holding = False
        return None

    def take_shed_ms(self) -> int:
        """Give how much audio was shed since the last time this was asked."""
        shed_ms, self._shed_ms = self._shed_ms, 0
        return shed_ms


class BotAudio:
    """Makes audio for the phone of what a bot sends at a higher rate, in messages of any number of bytes.

    The last 1.5 ms of what was sent wait for what follows, even behind a mark, which may stand within a word.
    """

    __slots__ = ("_lead_in", "_odd_byte", "_resampler")

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = Resampler(sample_rate_hz, SAMPLE_RATE_HZ)
        self._odd_byte = b""
        self._lead_in = _LEAD_IN

    def take(self, pcm: bytes) -> bytes:
        """Take a message's audio; give what can be played so far."""
        if self._odd_byte or len(pcm) & 1:
            pcm = self._odd_byte + pcm
            whole = len(pcm) & ~1
            self._odd_byte = pcm[whole:]
            pcm = pcm[:whole]
        lead_in, self._lead_in = self._lead_in, b""
        return lead_in + self._resampler.feed(pcm)

    def rest(self) -> bytes:
        """Give what still waits, because nothing follows."""
        return self._resampler.flush()

    def forget(self) -> None:
        """Drop what still waits."""
        self._odd_byte = b""
        self._lead_in = _LEAD_IN
        self._resampler.flush()

"""Core: the caller's audio on its way to the bot: cut into chunks, and held while the bot does not read."""

from collections import deque

from exoswitch.exotel.messages import StreamWriter

_FRAME_MS = 20
_HELD_AT_MOST_MS = 2000


class CallerAudio:
    """Makes `media` messages of 20 ms frames; while holding, it keeps the newest two seconds and sheds the rest."""

    __slots__ = ("_chunk_ms", "_frames", "_frames_per_chunk", "_held", "_holding", "_shed_ms", "_writer")

    def __init__(self, writer: StreamWriter, chunk_ms: int) -> None:
        self._writer = writer
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

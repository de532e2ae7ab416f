"""Core: the bot's audio on its way to the phone: a queue of G.711 and marks; each tick takes 20 ms."""

from collections import deque

from attrs import define, field

from exoswitch.audio.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms
from exoswitch.audio.g711 import Law

_MARKS_MAX = 4096  # beyond this number of waiting marks, the oldest is answered early
_MARKS_AT_ONCE = 64  # 4,096 in one tick would take 2 ms of it, for each call


@define
class Playout:
    """First in, first out; positions count samples since the call began, so a mark keeps its place.

    Audio is encoded on arrival, so a frame costs the same in a short and in a long message. A piece is a message;
    messages that fit into one frame together are joined, and count as one.

    A mark counts as played, as cleared by the bot, or as lost with the stream. `longest_samples` is the longest queue
    so far.
    """

    law: Law
    max_s: int
    underruns: int = field(default=0, init=False)
    marks_played: int = field(default=0, init=False)
    marks_cleared: int = field(default=0, init=False)
    marks_lost: int = field(default=0, init=False)
    clears: int = field(default=0, init=False)
    longest_samples: int = field(default=0, init=False)
    overflowed_samples: int = field(default=0, init=False)
    _pieces: deque[bytes] = field(factory=deque, init=False)
    _offset: int = field(default=0, init=False)  # into the first piece
    _played: int = field(default=0, init=False)  # position of the next sample to be taken
    _end: int = field(default=0, init=False)  # position after the last queued sample
    _marks: deque[tuple[int, str]] = field(factory=deque, init=False)
    _odd_byte: bytes = field(default=b"", init=False)
    _talking: bool = field(default=False, init=False)

    @property
    def queued_ms(self) -> int:
        """How much audio is queued."""
        return samples_to_ms(self._end - self._played)

    def play(self, pcm: bytes, *, continues: bool = False) -> int:
        """Queue audio, any number of bytes; half a sample waits for the next message.

        With `continues`, it belongs to the message before.

        Returns:
            The milliseconds that were dropped because the queue is full.
        """
        if self._odd_byte or len(pcm) & 1:
            pcm = self._odd_byte + pcm
            self._odd_byte = pcm[len(pcm) & ~1 :]
            pcm = pcm[: len(pcm) & ~1]
        samples = len(pcm) >> 1
        excess = self._end + samples - self._played - self.max_s * SAMPLE_RATE_HZ
        if excess > 0:
            samples -= excess
            pcm = pcm[: 2 * samples]
            self.overflowed_samples += excess
        self._append(self.law.encode(pcm), continues=continues)
        self._end += samples
        self.longest_samples = max(self.longest_samples, self._end - self._played)
        return samples_to_ms(excess) if excess > 0 else 0

    def _append(self, payload: bytes, *, continues: bool) -> None:
        """Append encoded audio; tiny messages are joined, so they cannot bloat the queue."""
        if self._pieces and (continues or len(self._pieces[-1]) + len(payload) <= FRAME_SAMPLES):
            self._pieces[-1] += payload
        elif payload:
            self._pieces.append(payload)

    def mark(self, name: str) -> list[str]:
        """Put a mark after the queued audio; return the marks to answer at once."""
        if self._end == self._played and not self._marks:
            self.marks_played += 1
            return [name]
        self._marks.append((self._end, name))
        if len(self._marks) <= _MARKS_MAX:
            return []
        self.marks_played += 1
        return [self._marks.popleft()[1]]

    def clear(self, *, finish_message: bool = False) -> list[str]:
        """Drop all audio; return its marks, in order.

        With `finish_message`, a message that has begun stays to its end, with its marks.
        """
        self.clears += 1
        if finish_message and self._offset:
            return self._clear_behind_first()
        names = self._drop()
        self.marks_cleared += len(names)
        return names

    def drop(self) -> None:
        """Drop all audio with its marks: the stream is over."""
        self.marks_lost += len(self._drop())

    def _drop(self) -> list[str]:
        names = [name for _, name in self._marks]
        self._marks.clear()
        self._pieces.clear()
        self._offset, self._odd_byte, self._talking = 0, b"", False
        self._played = self._end
        return names

    def _clear_behind_first(self) -> list[str]:
        """Drop the audio after the piece that has begun."""
        begun = self._pieces[0]
        self._pieces = deque([begun])
        self._odd_byte = b""
        self._end = end = self._played + len(begun) - self._offset
        names = [name for position, name in self._marks if position > end]
        self.marks_cleared += len(names)
        self._marks = deque(mark for mark in self._marks if mark[0] <= end)
        return names

    def pop(self) -> bytes | None:
        """Take 20 ms, padded with silence at the end of the queue; None if the queue is empty."""
        if not self._pieces:
            if self._talking:
                self._talking = False
                self.underruns += 1
            return None
        self._talking = True
        piece, start = self._pieces[0], self._offset
        end = start + FRAME_SAMPLES
        if end < len(piece):
            self._offset = end
            self._played += FRAME_SAMPLES
            return piece[start:end]
        self._pieces.popleft()
        self._offset = 0
        frame = piece[start:] if start else piece
        if end > len(piece):
            frame = self._filled_up(frame)
        else:
            self._played += FRAME_SAMPLES
        return frame

    def _filled_up(self, frame: bytes) -> bytes:
        """Complete a short frame from the next messages, or with silence."""
        while len(frame) < FRAME_SAMPLES and self._pieces:
            piece = self._pieces[0]
            wanted = FRAME_SAMPLES - len(frame)
            frame += piece[:wanted]
            if len(piece) > wanted:
                self._offset = wanted
            else:
                self._pieces.popleft()
        self._played += len(frame)
        return frame.ljust(FRAME_SAMPLES, self.law.silence)

    def due_marks(self) -> list[str]:
        """Take the marks of the audio that has been taken, in order; of many, some in each tick."""
        due: list[str] = []
        while self._marks and self._marks[0][0] <= self._played and len(due) < _MARKS_AT_ONCE:
            due.append(self._marks.popleft()[1])
            self.marks_played += 1
        return due

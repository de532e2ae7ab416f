"""Core: the intake of a bot's messages: each is read, and its effect reaches the media leg."""

from collections.abc import Generator
from typing import Protocol

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.resample import REACH_SAMPLES
from exoswitch.audio.resampler import Resampler
from exoswitch.call.stream_options import ClearGranularity, MarksOnClear
from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.messages import BotClear, BotMark, BotMedia, BotMessage, BotMessageReader

_STEP_BYTES = 32 * 1024  # of a long message
_LEAD_IN = bytes(2 * (REACH_SAMPLES - 1))  # as long as the resampler's delay, so that no gap comes later


class PlayoutLeg(Protocol):
    """The part of a media leg that a bot controls; see IMediaLeg."""

    def play(self, pcm: bytes, *, continues: bool = False) -> None:
        """Queue audio of the bot: signed 16-bit little-endian mono at 8,000 Hz."""

    def mark(self, name: str) -> None:
        """Queue a mark."""

    def clear(self, *, finish_message: bool, answer_marks: bool) -> None:
        """Drop the unplayed audio."""


class BotIntake:
    """Takes the messages of one bot, in order; `sample_rate_hz` is the rate of its audio.

    `malformed` counts data that is no message.
    """

    __slots__ = ("_answer_marks", "_finish_message", "_has_played", "_leg", "_resampled", "malformed", "reader")

    def __init__(
        self,
        leg: PlayoutLeg,
        *,
        sample_rate_hz: int,
        marks_on_clear: MarksOnClear,
        clear_granularity: ClearGranularity,
    ) -> None:
        self._leg = leg
        self.reader = BotMessageReader()
        self.malformed = 0
        self._has_played = False
        self._resampled = None if sample_rate_hz == SAMPLE_RATE_HZ else BotAudio(sample_rate_hz)
        self._answer_marks = marks_on_clear == "flush"
        self._finish_message = clear_granularity == "message"

    def feed(self, data: bytes) -> BotMessage:
        """Read a message and carry it out.

        Raises:
            RemoteProtocolError: the data is no message; the stream can go on.
        """
        try:
            message = self.reader.read(data)
        except RemoteProtocolError:
            self.malformed += 1
            raise
        self.carry_out(message)
        return message

    def feed_in_steps(self, data: bytes) -> Generator[None, None, BotMedia]:
        """Read a message longer than `LONG_BYTES` and carry it out, with a pause after each step of bounded cost.

        Raises:
            RemoteProtocolError: the data is no media message; the stream can go on.
        """
        try:
            message = yield from self.reader.read_in_steps(data)
        except RemoteProtocolError:
            self.malformed += 1
            raise
        for start in range(0, len(message.pcm), _STEP_BYTES):
            self._play(message.pcm[start : start + _STEP_BYTES], continues=start > 0)
            yield
        return message

    def carry_out(self, message: BotMessage) -> None:
        """Give a message's effect to the leg; an ignored message has none."""
        if isinstance(message, BotMedia):
            self._play(message.pcm)
        elif isinstance(message, BotMark):
            self._leg.mark(message.name)
        elif isinstance(message, BotClear):
            if self._resampled is not None:
                self._resampled.forget()
            self._leg.clear(finish_message=self._finish_message, answer_marks=self._answer_marks)

    @property
    def form(self) -> tuple[bytes, bytes] | None:
        """The form of media messages whose audio the leg can take as it is; None before the first audio."""
        return self.reader.form if self._has_played and self._resampled is None else None

    def _play(self, pcm: bytes, *, continues: bool = False) -> None:
        self._has_played = self._has_played or bool(pcm)
        self._leg.play(pcm if self._resampled is None else self._resampled.take(pcm), continues=continues)

    def finish(self) -> None:
        """Play the audio that still waits in the resampler: nothing follows."""
        if self._resampled is not None:
            self._leg.play(self._resampled.rest())


class BotAudio:
    """Resamples a bot's audio to the phone's rate, from messages of any number of bytes.

    The last 1.5 ms wait for the next message, even before a mark, because a mark can stand within a word.
    """

    __slots__ = ("_lead_in", "_odd_byte", "_resampler")

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = Resampler(sample_rate_hz, SAMPLE_RATE_HZ)
        self._odd_byte = b""
        self._lead_in = _LEAD_IN

    def take(self, pcm: bytes) -> bytes:
        """Take a message's audio; give the audio that can be played so far."""
        if self._odd_byte or len(pcm) & 1:
            pcm = self._odd_byte + pcm
            whole = len(pcm) & ~1
            self._odd_byte = pcm[whole:]
            pcm = pcm[:whole]
        lead_in, self._lead_in = self._lead_in, b""
        return lead_in + self._resampler.feed(pcm)

    def rest(self) -> bytes:
        """Give the audio that still waits: nothing follows."""
        return self._resampler.flush()

    def forget(self) -> None:
        """Drop the audio that still waits."""
        self._odd_byte = b""
        self._lead_in = _LEAD_IN
        self._resampler.flush()
